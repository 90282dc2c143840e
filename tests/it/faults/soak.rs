//! Ten seconds of the soak that `cargo bench -p mcpq-tests --bench soak` runs for as long as you like.

use std::time::Duration;

use super::round;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_hold_under_random_kills_freezes_and_stops() {
    let seed = std::env::var("MCPQ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    if let Err(violation) = round::run(seed, Duration::from_secs(8)).await {
        panic!("MCPQ_SEED={seed} breaks a promise: {:#}, files in {:?}", violation.what, violation.files);
    }
}
