//! What every store promises: functions of a store, run for each one there is.
//!
//! They use real time sparingly: what must not happen yet has a minute to go, and what must happen is waited for.

mod claiming;
mod ending;
mod inserting;
mod journal;
mod leases;
mod limits;
mod listening;
mod listing;
mod replaying;

use std::{sync::Arc, time::Duration};

use mcpq::{
    JobId, JobRecord, Owner, Payload, Priority, ProgressUpdate, Scope, Status,
    store::{
        Bound, ClaimRequest, ClaimType, Claimed, Finish, InsertReply, Inserted, Keeping, LeaseRef, NewJob, Outcome,
        RunAt, Selection, Settled, Store, WorkerId, memory::MemoryStore,
    },
};

/// Long enough for a test never to see its end.
const MINUTE: Duration = Duration::from_secs(60);

/// Short enough to be waited for.
const MOMENT: Duration = Duration::from_millis(30);

const ROOM: Bound = Bound { max_pending: 1000 };

macro_rules! contracts {
    ($($module:ident: $($name:ident),* $(,)?;)*) => {
        /// The contracts for the memory store, on a paused clock.
        mod memory {
            $(mod $module {
                $(#[tokio::test(start_paused = true)]
                async fn $name() {
                    $crate::store_contract::$module::$name($crate::store_contract::memory_store()).await;
                })*
            })*
        }
    };
}

contracts! {
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

fn memory_store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// A job of this type that may have three attempts.
fn new_job(job_type: &str) -> NewJob {
    NewJob {
        id: JobId::new(),
        job_type: job_type.into(),
        owner: Owner::local(),
        queue: "default".into(),
        priority: Priority::Normal,
        run_at: RunAt::Now,
        args: json("{}"),
        schema: 0,
        args_hash: None,
        idempotency_key: None,
        unique: None,
        max_attempts: 3,
        timeout: MINUTE,
        keeping: Keeping { result: Some(MINUTE), failure: Some(MINUTE) },
        batch: None,
    }
}

/// The same with a change.
fn job_with(job_type: &str, change: impl FnOnce(&mut NewJob)) -> NewJob {
    let mut job = new_job(job_type);
    change(&mut job);
    job
}

fn json(text: &str) -> Payload {
    Payload::from_json_bytes(text.as_bytes())
}

async fn insert(store: &dyn Store, job: NewJob) -> JobId {
    let id = job.id;
    assert!(matches!(insert_one(store, job).await, Inserted::Created));
    id
}

async fn insert_one(store: &dyn Store, job: NewJob) -> Inserted {
    match store.insert(vec![job], ROOM).await.unwrap() {
        InsertReply::Done(mut replies) => replies.remove(0),
        InsertReply::Full(depth) => panic!("full: {depth:?}"),
    }
}

/// Serves these types, without limits, in all queues.
fn serving(types: &[&str]) -> Selection {
    let claim_type = |name: &&str| ClaimType { name: (*name).into(), concurrency: None, rate: None };
    Selection { queues: Vec::new(), types: types.iter().map(claim_type).collect(), any_type: false }
}

/// Serves everything.
fn everything() -> Selection {
    Selection { any_type: true, ..serving(&[]) }
}

async fn claim_of(store: &dyn Store, selection: Selection, max: usize, lease: Duration) -> Vec<Claimed> {
    let request = ClaimRequest { worker: WorkerId::new(), selection: Arc::new(selection), max, lease };
    store.claim(&request).await.unwrap()
}

/// Claims the one job that is due.
async fn claim_one(store: &dyn Store) -> Claimed {
    let mut claimed = claim_of(store, everything(), 10, MINUTE).await;
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// Claims one job for a moment only, as a worker that dies.
async fn claim_for_a_moment(store: &dyn Store) -> LeaseRef {
    let claimed = claim_of(store, everything(), 1, MOMENT).await;
    lease_of(&claimed[0])
}

fn lease_of(claimed: &Claimed) -> LeaseRef {
    LeaseRef { id: claimed.record.id, lease: claimed.record.lease }
}

fn finish_of(lease: LeaseRef, outcome: Outcome) -> Finish {
    Finish { lease, outcome, progress: ProgressUpdate::default() }
}

async fn finish(store: &dyn Store, lease: LeaseRef, outcome: Outcome) -> Settled {
    store.finish(vec![finish_of(lease, outcome)]).await.unwrap()[0]
}

fn completed() -> Outcome {
    Outcome::Completed(json("42"))
}

fn failed() -> Outcome {
    Outcome::Failed(failure("boom"))
}

fn retry(after: Duration) -> Outcome {
    let end = mcpq::AttemptEnd::Failed;
    Outcome::Retry { after, attempt: failure("boom"), end, failure: failure("boom, again soon") }
}

fn failure(message: &str) -> mcpq::Failure {
    mcpq::Failure::new(mcpq::ErrorCode::HandlerError, message)
}

async fn get(store: &dyn Store, id: JobId) -> JobRecord {
    store.get(&Scope::All, id).await.unwrap().unwrap()
}

async fn status(store: &dyn Store, id: JobId) -> Status {
    get(store, id).await.status
}

/// Waits until a sweep has rescued a job.
async fn rescued(store: &dyn Store, max_crashes: u32) -> JobRecord {
    let sweep = || async { store.rescue(max_crashes, 10).await.unwrap().pop().map(|rescued| rescued.record) };
    crate::support::eventually("a job is rescued", sweep).await
}
