//! Real processes on one database, killed, frozen and stopped at random.

use std::time::Duration;

use crate::{
    faults::{machine::Machine, round},
    servers::postgres::{new_schema, shared_url},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_hold_under_random_kills_freezes_and_stops() {
    let seed = std::env::var("MCPQ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let machine = Machine::new().on(format!("{}?schema={}", shared_url(), new_schema()));
    if let Err(violation) = round::run_on(machine, seed, Duration::from_secs(8)).await {
        panic!("MCPQ_SEED={seed} breaks a promise: {:#}, files in {:?}", violation.what, violation.files);
    }
}
