//! One suite for every store: each rule of the contract is a case of its own, so that one line proves a backend.
//!
//! ```ignore
//! mcpq::store_conformance!(memory, || async { MemoryStore::new() });
//! ```
//!
//! makes a module `memory` with a test for every rule, named after it; a rule that answers a known fault begins with the
//! fault's number. The crate that says so needs tokio among its dependencies, and nothing else. See
//! [`store_conformance!`](crate::store_conformance) for what a factory may give.
//!
//! Cases use the time of the store, real or paused: what must not happen yet has a minute to go, and what must happen
//! is waited for. They run at the same time, so each needs a store of its own, which must be **empty**.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "cases are tests, though they live in a library: they fail by a panic"
)]
#![allow(missing_docs, reason = "the name of a case is its rule, and says it all")]

mod calls;
pub mod claiming;
pub mod ending;
mod faulty;
mod fixture;
pub mod inserting;
pub mod journal;
pub mod leases;
pub mod limits;
pub mod listening;
pub mod listing;
pub mod replaying;

pub use faulty::{Fault, Faulty, Op};
pub use fixture::{Fixture, run};

/// Makes a module with one test for every rule of [`Store`](crate::store::Store)'s contract.
///
/// The first argument names the module. The second gives a future of an **empty** store, and is called once a test: a
/// closure or the name of a function. What the future gives is a [`Fixture`](crate::store::conformance::Fixture): a
/// store, an `Arc<dyn Store>`, or either together with what must be dropped after it, such as a temporary directory.
///
/// Tests run on a tokio runtime with several threads, so that races are real. Another attribute before the name
/// replaces that: `#[tokio::test(start_paused = true)]` suits a store that lives by tokio's clock.
///
/// ```ignore
/// mcpq::store_conformance!(memory, || async { MemoryStore::new() });
/// mcpq::store_conformance!(#[tokio::test(start_paused = true)] paused, || async { MemoryStore::new() });
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $new:expr $(,)?) => {
        $crate::store_conformance!(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            $name,
            $new
        );
    };
    (#[$test:meta] $name:ident, $new:expr $(,)?) => {
        $crate::__store_cases! { #[$test] $name, $new;
            claiming:
                priority_then_due_time_then_submission_decides,
                delayed_jobs_are_not_claimed_before_their_time,
                only_the_served_types_and_queues_are_claimed,
                an_empty_list_of_types_with_any_type_serves_all,
                a_claim_takes_no_more_than_asked,
                two_workers_never_get_the_same_job,
                a_claim_hands_out_arguments_and_charges_an_attempt,
                the_next_due_time_is_told;
            inserting:
                the_bound_counts_all_that_waits_and_refuses_whole_batches,
                a_key_gives_the_same_job_in_any_state,
                a_key_with_other_arguments_is_a_conflict,
                a_key_belongs_to_owner_and_type,
                one_key_twice_in_a_batch_is_one_job,
                a_repeated_key_is_answered_in_a_full_store,
                a_live_unique_job_stands_for_its_equals_until_it_ends,
                a_kept_unique_job_stands_for_its_equals_until_it_is_forgotten,
                a_key_is_looked_at_before_uniqueness,
                a_refused_batch_leaves_nothing_behind;
            leases:
                an_expired_lease_is_rescued_with_the_attempt_given_back,
                a_renewed_lease_is_not_rescued,
                a_job_whose_workers_die_too_often_fails,
                nothing_of_a_lost_lease_is_accepted,
                a_lease_that_expired_unnoticed_still_counts,
                a_finish_can_be_repeated,
                a_repeated_finish_is_answered_as_the_first_time,
                a_finish_of_another_kind_is_no_repetition,
                a_release_is_uncharged,
                a_cancel_comes_back_with_the_renewal,
                release_retry_and_rescue_of_a_cancelled_job_end_it,
                rescues_come_in_pages;
            ending:
                every_outcome_is_recorded_with_its_attempt,
                a_retry_waits_and_shows_its_failure,
                progress_only_grows_and_a_completed_job_is_whole,
                a_cancel_ends_what_does_not_run_and_is_noted_for_what_does,
                only_ended_jobs_can_be_removed,
                jobs_are_pruned_when_their_keeping_is_over,
                jobs_kept_for_ever_are_not_pruned,
                prunes_come_in_pages;
            replaying:
                a_replay_starts_anew_under_the_next_lease,
                only_what_ended_without_a_result_is_replayed,
                a_replay_obeys_the_bound,
                a_replay_obeys_uniqueness,
                a_replayed_job_keeps_its_key_and_its_journal;
            limits:
                a_concurrency_limit_holds_across_workers_and_blocks_nobody,
                a_rate_limit_holds_and_refills,
                a_place_under_a_limit_is_free_again_however_the_attempt_ends;
            journal:
                a_value_is_stored_once_for_the_jobs_life,
                a_journal_is_closed_to_a_lost_lease,
                a_parked_job_waits_for_all_its_answers,
                the_first_answer_wins,
                an_answered_question_does_not_park_again,
                a_parked_job_with_a_cancel_request_ends,
                a_parked_job_is_cancelled_at_once,
                a_question_that_nobody_answers_fails_the_job,
                parking_gives_the_attempt_back_and_counts_as_waiting,
                answers_from_another_owner_find_nothing,
                one_key_is_one_entry;
            listing:
                the_newest_come_first_and_pages_follow_each_other,
                pages_stay_whole_while_jobs_come_and_go,
                every_filter_narrows_and_counts,
                batches_are_listed,
                another_owners_jobs_are_not_there,
                counts_follow_the_jobs;
            listening:
                whatever_makes_a_job_due_is_heard,
                a_place_that_is_free_again_is_heard,
                changes_of_a_job_are_heard,
                a_listener_that_is_gone_is_not_called;
        }
    };
}

/// Writes the tests of a list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    (#[$test:meta] $name:ident, $new:expr; $($subject:ident: $($case:ident),* $(,)?;)*) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(mod $subject {
                #[allow(unused_imports)]
                use super::*;

                $(#[$test]
                async fn $case() {
                    $crate::store::conformance::run($new, $crate::store::conformance::$subject::$case).await;
                })*
            })*
        }
    };
}
