//! One suite for every store: each rule of the contract is a case of its own, so that one line proves a backend.
//!
//! ```
//! # extern crate mcpq_runtime as mcpq;
//! use mcpq::store::memory::MemoryStore;
//!
//! mcpq::store_conformance!(memory, || async { MemoryStore::new() });
//! # fn main() {}
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
pub mod edges;
pub mod ending;
mod faulty;
pub mod fidelity;
mod fixture;
pub mod histories;
pub mod inserting;
pub mod isolation;
pub mod journal;
pub mod leases;
pub mod limits;
pub mod listening;
pub mod listing;
pub mod races;
pub mod replaying;
pub mod workers;

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
/// ```
/// # extern crate mcpq_runtime as mcpq;
/// use mcpq::store::memory::MemoryStore;
///
/// mcpq::store_conformance!(memory, || async { MemoryStore::new() });
/// mcpq::store_conformance!(#[tokio::test(start_paused = true)] paused, || async { MemoryStore::new() });
/// # fn main() {}
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
                histories:
                    random_histories_are_those_of_the_model;
                claiming:
                    priority_then_due_time_then_submission_decides,
                    delayed_jobs_are_not_claimed_before_their_time,
                    f30_only_the_served_types_and_queues_are_claimed,
                    an_empty_list_of_types_with_any_type_serves_all,
        a_long_list_of_types_serves_those_and_no_others,
                    a_claim_takes_no_more_than_asked,
                    f12_two_workers_never_get_the_same_job,
                    a_claim_hands_out_arguments_and_charges_an_attempt,
                    the_next_due_time_is_told,
                    f02_a_worker_that_asks_again_gets_nothing_that_runs,
                    one_batch_is_claimed_in_its_order,
                    a_type_and_a_queue_must_both_be_served,
                    an_end_and_a_claim_in_one_step_are_as_one_after_the_other,
                    what_is_given_back_becomes_due_anew;
                inserting:
                    f34_the_bound_counts_all_that_waits_and_refuses_whole_batches,
                    f17_a_key_gives_the_same_job_in_any_state,
                    f16_a_key_with_other_arguments_is_a_conflict,
                    a_key_belongs_to_owner_and_type,
                    one_key_twice_in_a_batch_is_one_job,
                    f18_a_repeated_key_is_answered_in_a_full_store,
                    a_live_unique_job_stands_for_its_equals_until_it_ends,
                    a_kept_unique_job_stands_for_its_equals_until_it_is_forgotten,
                    a_key_is_looked_at_before_uniqueness,
                    f34_a_refused_batch_leaves_nothing_behind,
                    f17_a_key_is_taken_in_every_status_until_its_job_is_pruned,
                    f18_a_repeated_insert_is_answered_as_the_first_time,
                    f18_a_repeated_insert_is_never_answered_with_a_successor,
                    a_batch_may_fill_the_store_to_its_last_place;
                leases:
                    f01_an_expired_lease_is_rescued_with_the_attempt_given_back,
                    a_renewed_lease_is_not_rescued,
                    f32_a_job_whose_workers_die_too_often_fails,
                    f10_nothing_of_a_lost_lease_is_accepted,
                    a_lease_that_expired_unnoticed_still_counts,
                    f06_a_finish_can_be_repeated,
                    f06_a_repeated_finish_is_answered_as_the_first_time,
                    f06_a_finish_of_another_kind_is_no_repetition,
                    f37_a_release_is_uncharged,
                    f23_a_cancel_comes_back_with_the_renewal,
                    release_retry_and_rescue_of_a_cancelled_job_end_it,
                    f41_rescues_come_in_pages,
                    f10_a_zombie_changes_nothing_of_what_its_successor_did,
                    every_write_of_a_batch_stands_for_itself,
                    f06_a_repeated_finish_changes_nothing,
                    f04_a_job_that_never_began_counts_as_a_crash_and_no_failure,
                    crashes_and_attempts_are_counted_apart;
                ending:
                    every_outcome_is_recorded_with_its_attempt,
                    f38_a_retry_waits_and_shows_its_failure,
                    progress_only_grows_and_a_completed_job_is_whole,
                    a_cancel_ends_what_does_not_run_and_is_noted_for_what_does,
                    only_ended_jobs_can_be_removed,
                    jobs_are_pruned_when_their_keeping_is_over,
                    jobs_kept_for_ever_are_not_pruned,
                    f41_prunes_come_in_pages,
                    f22_a_cancel_in_backoff_ends_the_job_unstarted,
                    only_the_request_that_ends_a_job_says_so,
                    f19_an_end_that_beats_a_cancel_stands,
                    a_failed_job_keeps_the_progress_it_had,
                    f40_what_is_pruned_frees_all_that_named_it;
                replaying:
                    f21_a_replay_starts_anew_under_the_next_lease,
                    only_what_ended_without_a_result_is_replayed,
                    a_replay_obeys_the_bound,
                    a_replay_obeys_uniqueness,
                    a_replayed_job_keeps_its_key_and_its_journal,
                    a_replayed_job_queues_behind_those_that_wait,
                    a_replayed_job_is_the_same_job,
                    a_replayed_job_may_crash_as_often_as_a_new_one;
                limits:
                    a_concurrency_limit_holds_across_workers_and_blocks_nobody,
                    a_rate_limit_holds_and_refills,
                    a_place_under_a_limit_is_free_again_however_the_attempt_ends,
                    each_type_has_its_own_limit,
                    a_limit_below_what_runs_already_starts_nothing,
                    a_retry_and_a_release_cost_another_start,
                    both_limits_hold_together;
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
                    one_key_is_one_entry,
                    a_journal_keeps_its_order_across_attempts,
                    a_job_that_is_not_parked_takes_no_answer,
                    a_stored_value_is_no_question,
                    a_journal_belongs_to_its_job;
                listing:
                    f48_the_newest_come_first_and_pages_follow_each_other,
                    f48_pages_stay_whole_while_jobs_come_and_go,
                    every_filter_narrows_and_counts,
                    batches_are_listed,
                    another_owners_jobs_are_not_there,
                    counts_follow_the_jobs,
                    f48_filtered_pages_follow_each_other,
                    a_job_keeps_its_place_whatever_becomes_of_it;
                workers:
                    a_worker_is_known_as_long_as_its_heartbeats_come,
                    a_heartbeat_prolongs_and_tells_anew_what_is_served,
                    a_worker_that_stops_is_forgotten_at_once;
                listening:
                    whatever_makes_a_job_due_is_heard,
                    a_place_that_is_free_again_is_heard,
                    an_end_makes_room_for_what_a_claim_has_left,
                    changes_of_a_job_are_heard,
                    a_listener_that_is_gone_is_not_called;
                races:
                    f12_every_due_job_is_claimed_by_exactly_one_of_many,
                    f15_racing_submits_with_one_key_make_one_job,
                    f15_racing_submits_of_equal_unique_jobs_make_one_job,
                    f16_of_racing_submits_with_one_key_and_other_arguments_one_wins,
                    f18_racing_repeats_of_one_submit_store_it_once,
                    f34_racing_submits_never_exceed_the_bound,
                    f34_racing_replays_never_exceed_the_bound,
                    f06_racing_repeats_of_one_finish_count_once,
                    f05_of_racing_outcomes_exactly_one_is_recorded,
                    f19_a_cancel_races_an_end_and_both_are_told_who_won,
                    f20_a_cancel_races_a_claim_and_either_prevents_it_or_is_noted,
                    f21_a_cancel_races_a_replay_and_one_order_explains_both,
                    f21_of_racing_replays_one_makes_it_pending,
                    f42_two_sweepers_at_once_charge_one_crash,
                    f10_a_late_finish_races_the_rescue_and_one_wins,
                    f40_whoever_reads_while_jobs_are_pruned_sees_them_whole_or_not_at_all,
                    racing_claims_never_exceed_a_concurrency_limit,
                    racing_claims_never_exceed_a_rate_limit,
                    of_racing_answers_the_first_wins,
                    of_racing_journal_writes_the_first_stays;
                fidelity:
                    payloads_come_back_byte_for_byte,
                    a_payload_may_hold_a_mebibyte,
                    f31_the_fingerprint_of_the_schema_comes_back_with_every_claim,
                    every_error_code_comes_back,
                    texts_of_all_kinds_come_back,
                    whatever_a_handler_says_can_be_stored,
                    what_is_asked_for_a_job_is_on_its_record,
                    progress_comes_back_to_the_last_digit,
                    f13_all_times_of_a_job_come_from_one_clock,
                    the_history_tells_every_attempt,
                    a_long_history_is_cut_at_its_old_end;
                edges:
                    empty_batches_change_nothing,
                    a_batch_may_hold_thousands,
                    a_claim_may_serve_a_thousand_types_and_queues,
                    the_longest_durations_are_for_ever,
                    a_time_in_the_past_is_now_and_jumps_no_queue,
                    a_lease_that_was_never_given_is_refused_everywhere,
                    f03_a_claim_whose_caller_goes_away_is_whole_or_nothing,
                    f18_an_insert_whose_caller_goes_away_is_whole_or_nothing;
                isolation:
                    a_foreign_job_is_not_there_whatever_is_asked_of_it,
                    an_owner_and_the_operator_can_do_all,
                    keys_and_uniqueness_never_name_a_foreign_job,
                    others_show_in_totals_alone;
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

            mod storm {
                #[allow(unused_imports)]
                use super::*;

                #[$test]
                async fn every_job_ends_once_whatever_the_store_does() {
                    let case = $crate::storm::every_job_ends_once_whatever_the_store_does;
                    $crate::store::conformance::run($new, case).await;
                }
            }
        }
    };
}
