//! The jobs. They need one state: [`Failures`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use mcpq::prelude::*;
use serde_json::Value;
use tokio::time::{Instant, sleep as pause};

// --- jobs that succeed ---

/// What `generate_report` gives.
#[derive(Serialize, JsonSchema)]
struct Report {
    department: String,
    rows: u32,
    status: String,
}

/// Generate a quarterly analytics report.
#[mcp_job(timeout = 120)]
async fn generate_report(
    /// Department to report on.
    #[arg(example = "Engineering")]
    department: String,
) -> Report {
    pause(Duration::from_millis(50)).await;
    Report { department, rows: 1250, status: "ready".to_owned() }
}

/// What `train_model` gives.
#[derive(Serialize, JsonSchema)]
struct Model {
    model_id: String,
    accuracy: f64,
    epochs: i64,
}

/// Train a machine learning model on a dataset; a stand-in that is ready at once.
#[mcp_job(timeout = 600, max_retries = 2, backoff_base = 2.0)]
async fn train_model(
    /// Name of the dataset.
    #[arg(example = "imagenet")]
    dataset: String,
    /// Passes over the dataset.
    #[arg(default = 10)]
    epochs: i64,
) -> Model {
    drop(dataset);
    Model { model_id: "model-abc123".to_owned(), accuracy: 0.95, epochs }
}

/// Add two integers.
#[mcp_job]
async fn add(
    /// The first.
    a: i64,
    /// The second.
    b: i64,
) -> Result<i64, JobError> {
    a.checked_add(b).ok_or_else(|| JobError::fatal(format!("{a} + {b} does not fit 64 bits; send smaller numbers")))
}

/// Give back what was sent, whatever it is.
#[mcp_job]
async fn echo(
    /// Any JSON value.
    value: Value,
) -> Value {
    value
}

/// What `kwargs_job` gives.
#[derive(Serialize, JsonSchema)]
struct Taken {
    a: i64,
    rest: BTreeMap<String, Value>,
}

/// Take one known argument and any others.
#[mcp_job]
async fn kwargs_job(
    /// The known one.
    a: i64,
    #[arg(rest)] rest: BTreeMap<String, Value>,
) -> Taken {
    Taken { a, rest }
}

/// Complete without a result.
#[mcp_job]
async fn returns_none() {}

// --- jobs that take their time ---

/// What `process_data` gives.
#[derive(Serialize, JsonSchema)]
struct Processed {
    rows_processed: u32,
}

/// Process a large data file in 100 steps of 10 ms, each reported; a stand-in that opens no file.
#[mcp_job]
async fn process_data(
    /// The file; it need not exist.
    #[arg(example = "sales.csv")]
    file_path: String,
    progress: Progress,
) -> Processed {
    drop(file_path);
    for chunk in 1..=100 {
        pause(Duration::from_millis(10)).await;
        progress.report(chunk, 100).message(format!("Processing chunk {chunk}/100"));
    }
    Processed { rows_processed: 10_000 }
}

/// What `long_computation` gives.
#[derive(Serialize, JsonSchema)]
struct Squares {
    results: Vec<u64>,
}

/// Compute squares, 50 ms each, with progress; ends early when cancelled.
#[mcp_job(timeout = 600)]
async fn long_computation(
    /// How many squares.
    #[arg(range(0..=12_000), example = 100)]
    iterations: u64,
    progress: Progress,
    cancel: CancelToken,
) -> Result<Squares, JobError> {
    let mut results = Vec::new();
    for number in 0..iterations {
        cancel.check()?;
        pause(Duration::from_millis(50)).await;
        results.push(number * number);
        progress.report(number + 1, iterations);
    }
    Ok(Squares { results })
}

/// What `sleep` gives.
#[derive(Serialize, JsonSchema)]
struct Slept {
    slept: f64,
}

/// Sleep for some seconds, with progress; ends early when cancelled.
#[mcp_job(timeout = "70m")]
async fn sleep(
    /// How long, in seconds.
    #[arg(range(0..=3600), example = 2.5)]
    seconds: f64,
    progress: Progress,
    cancel: CancelToken,
) -> Result<Slept, JobError> {
    let whole = duration(seconds)?;
    let start = Instant::now();
    while let Some(left) = whole.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
        tokio::select! {
            () = cancel.cancelled() => return Err(JobError::cancelled()),
            () = pause(left.min(Duration::from_millis(100))) => {}
        }
        progress.report(start.elapsed().as_secs_f64(), seconds);
    }
    Ok(Slept { slept: seconds })
}

/// Report progress that jumps back, below nothing and past the end, 200 ms apart.
#[mcp_job]
async fn progress_zigzag(progress: Progress) -> String {
    for (done, total, message) in [(0.5, 1.0, "half"), (0.2, 1.0, "back"), (-1.0, 1.0, "negative"), (7.0, 5.0, "over")]
    {
        progress.report(done, total).message(message);
        pause(Duration::from_millis(200)).await;
    }
    "ok".to_owned()
}

// --- jobs that fail ---

/// Fail at once, with a message of your choice.
#[mcp_job]
async fn always_fails(
    /// What the error says.
    #[arg(default = "boom")]
    msg: String,
) -> Result<(), JobError> {
    Err(JobError::retry(msg))
}

/// Fail on every attempt; there are three.
#[mcp_job(max_retries = 2, backoff_base = 0.2)]
async fn fails_with_retries() -> Result<(), JobError> {
    Err(JobError::retry("still broken"))
}

/// How often `flaky` has run for each key.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<String, u32>>);

/// Most keys that `flaky` remembers.
const MAX_KEYS: usize = 10_000;

impl Failures {
    fn count(&self, key: &str) -> Result<u32, JobError> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= MAX_KEYS && !runs.contains_key(key) {
            return Err(JobError::fatal(format!("{MAX_KEYS} keys are in use; send one that was used before")));
        }
        let run = runs.entry(key.to_owned()).or_default();
        *run += 1;
        Ok(*run)
    }
}

/// What `flaky` gives.
#[derive(Serialize, JsonSchema)]
struct Seen {
    attempts_seen: u32,
}

/// Fail a number of times for each key, then succeed; there are four attempts.
#[mcp_job(max_retries = 3, backoff_base = 0.1)]
async fn flaky(
    /// Attempts are counted for each key, across jobs; a new key starts anew.
    #[arg(length(1..=100), example = "k1")]
    key: String,
    /// How often to fail first.
    #[arg(default = 1)]
    fail_times: u32,
    failures: State<Failures>,
) -> Result<Seen, JobError> {
    let attempts_seen = failures.count(&key)?;
    if attempts_seen <= fail_times {
        return Err(JobError::retry(format!("failure {attempts_seen} of {fail_times} for key `{key}`")));
    }
    Ok(Seen { attempts_seen })
}

/// Report progress, then fail.
#[mcp_job]
async fn progress_then_fail(progress: Progress) -> Result<(), JobError> {
    progress.report(3, 10).message("step 3");
    Err(JobError::fatal("bad value"))
}

/// Sleep past the timeout of 0.2 s; a timeout is final in spite of the retries.
#[mcp_job(timeout = 0.2, max_retries = 3, backoff_base = 0.05)]
async fn times_out() {
    pause(Duration::from_secs(30)).await;
}

/// Return a map whose keys are pairs, which JSON cannot hold.
#[mcp_job]
async fn returns_object() -> BTreeMap<(u8, u8), u8> {
    BTreeMap::from([((1, 2), 3)])
}

/// Return a number that is none, which JSON cannot hold.
#[mcp_job]
async fn returns_nan() -> BTreeMap<String, f64> {
    BTreeMap::from([("x".to_owned(), f64::NAN)])
}

// --- jobs and cancellation ---

/// Run on for some seconds in spite of a cancel.
#[mcp_job(timeout = 60)]
async fn stubborn(
    /// How long, in seconds.
    #[arg(default = 0.6, range(0..=60))]
    seconds: f64,
) -> Result<String, JobError> {
    pause(duration(seconds)?).await;
    Ok("done all the same".to_owned())
}

/// Cancel itself.
#[mcp_job]
async fn self_cancel() -> Result<(), JobError> {
    Err(JobError::cancelled())
}

/// The schema's range keeps such numbers out already, but a job is also a function that anybody may call.
fn duration(seconds: f64) -> Result<Duration, JobError> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| JobError::fatal(format!("`seconds` is {seconds}: {error}; send a number from 0 to 3600")))
}

/// Registers these jobs and their state by hand, for a queue that leaves out the linked ones.
#[allow(dead_code, reason = "the server takes the linked ones")]
pub(crate) fn register(builder: mcpq::QueueBuilder) -> mcpq::QueueBuilder {
    [
        generate_report::JOB,
        train_model::JOB,
        add::JOB,
        echo::JOB,
        kwargs_job::JOB,
        returns_none::JOB,
        process_data::JOB,
        long_computation::JOB,
        sleep::JOB,
        progress_zigzag::JOB,
        always_fails::JOB,
        fails_with_retries::JOB,
        flaky::JOB,
        progress_then_fail::JOB,
        times_out::JOB,
        returns_object::JOB,
        returns_nan::JOB,
        stubborn::JOB,
        self_cancel::JOB,
    ]
    .into_iter()
    .fold(builder.state(Failures::default()), mcpq::QueueBuilder::job)
}
