//! The conformance suite's races on one file with three handles, as three processes have it: what a handle remembers by
//! itself must not show.

use std::sync::Arc;

use mcpq::store::{
    Store,
    conformance::{Faulty, ending, inserting, leases, listing, races},
    sqlite::SqliteStore,
};

use super::machine::Machine;

async fn handles(machine: &Machine) -> Arc<dyn Store> {
    let mut handles: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..3 {
        handles.push(Arc::new(SqliteStore::open(machine.file()).await.unwrap()));
    }
    Arc::new(Faulty::across(handles))
}

macro_rules! cases {
    ($($module:ident: $($case:ident),* $(,)?;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let machine = Machine::new();
                $module::$case(handles(&machine).await).await;
                super::promises::is_whole(&machine).unwrap();
            }
        )*)*
    };
}

cases! {
    ending:
        f40_what_is_pruned_frees_all_that_named_it,
        f41_prunes_come_in_pages;
    inserting:
        f17_a_key_is_taken_in_every_status_until_its_job_is_pruned,
        f18_a_repeated_insert_is_answered_as_the_first_time;
    leases:
        f06_a_repeated_finish_changes_nothing,
        f10_nothing_of_a_lost_lease_is_accepted,
        f10_a_zombie_changes_nothing_of_what_its_successor_did,
        f41_rescues_come_in_pages,
        every_write_of_a_batch_stands_for_itself,
        crashes_and_attempts_are_counted_apart;
    listing:
        counts_follow_the_jobs,
        f48_pages_stay_whole_while_jobs_come_and_go;
    races:
        f12_every_due_job_is_claimed_by_exactly_one_of_many,
        f15_racing_submits_with_one_key_make_one_job,
        f15_racing_submits_of_equal_unique_jobs_make_one_job,
        f16_of_racing_submits_with_one_key_and_other_arguments_one_wins,
        f18_racing_repeats_of_one_submit_store_it_once,
        f34_racing_submits_never_exceed_the_bound,
        f05_of_racing_outcomes_exactly_one_is_recorded,
        f06_racing_repeats_of_one_finish_count_once,
        f10_a_late_finish_races_the_rescue_and_one_wins,
        f19_a_cancel_races_an_end_and_both_are_told_who_won,
        f20_a_cancel_races_a_claim_and_either_prevents_it_or_is_noted,
        f21_a_cancel_races_a_replay_and_one_order_explains_both,
        f21_of_racing_replays_one_makes_it_pending,
        f40_whoever_reads_while_jobs_are_pruned_sees_them_whole_or_not_at_all,
        f42_two_sweepers_at_once_charge_one_crash,
        racing_claims_never_exceed_a_concurrency_limit;
}
