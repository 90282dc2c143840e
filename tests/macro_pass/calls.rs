//! The functions called as functions, as a unit test does: everything that is injected can be made by hand.

use std::time::Duration;

use mcpq::prelude::*;
use mcpq::{CancelReason, ErrorKind, JobScope};

#[derive(Debug)]
struct Warehouse {
    rows: u32,
}

/// Counts rows in steps.
#[mcp_job]
async fn count_rows(
    steps: u32,
    warehouse: State<Warehouse>,
    progress: Progress,
    cancel: CancelToken,
    context: JobContext,
) -> Result<String, JobError> {
    let mut rows = 0;
    for step in 1..=steps {
        cancel.check()?;
        rows += warehouse.rows;
        progress.report(step, steps).message(format!("step {step}"));
    }
    Ok(format!("{rows} rows for {} in attempt {}", context.owner(), context.attempt()))
}

#[tokio::test]
async fn what_is_injected_can_be_made_by_hand() {
    let (progress, warehouse) = (Progress::new(), State::new(Warehouse { rows: 2 }));
    let context = JobContext::for_test("count_rows");
    let counted = count_rows(3, warehouse, progress.clone(), CancelToken::new(), context).await;
    assert_eq!(counted.unwrap(), "6 rows for local in attempt 1");
    assert!((progress.fraction() - 1.0).abs() < f64::EPSILON);
    assert_eq!(progress.latest().message.as_deref(), Some("step 3"));
}

/// Tells who asks, and gives up in the last attempt.
#[mcp_job(max_retries = 2)]
async fn look_around(context: JobContext) -> Result<String, JobError> {
    if context.attempt() == context.max_attempts() {
        return Err(JobError::fatal("that was the last attempt"));
    }
    let key = context.idempotency_key().unwrap_or("no key");
    Ok(format!("{} with {key}, attempt {}", context.owner(), context.attempt()))
}

#[tokio::test]
async fn a_context_can_be_given_the_values_that_a_test_is_about() {
    let context = JobContext::for_test("look_around").with_max_attempts(3);
    let told = look_around(context.clone()).await;
    assert_eq!(told.unwrap(), "local with no key, attempt 1");
    let second = context.clone().with_attempt(2).with_owner("ada").with_idempotency_key("today");
    assert_eq!(look_around(second.clone()).await.unwrap(), "ada with today, attempt 2");
    assert_eq!(second.job_id(), context.job_id());
    let last = look_around(context.with_attempt(3)).await.unwrap_err();
    assert_eq!((last.kind(), last.message()), (ErrorKind::Fatal, "that was the last attempt"));
}

#[test]
fn a_context_never_has_more_attempts_than_it_may_have() {
    let context = JobContext::for_test("look_around").with_attempt(4);
    assert_eq!((context.attempt(), context.max_attempts()), (4, 4));
    assert_eq!(context.with_max_attempts(2).max_attempts(), 4);
}

#[tokio::test]
async fn a_test_can_cancel() {
    let cancel = CancelToken::new();
    cancel.cancel(CancelReason::Requested);
    let (context, warehouse) = (JobContext::for_test("count_rows"), State::new(Warehouse { rows: 2 }));
    let stopped = count_rows(3, warehouse, Progress::new(), cancel, context).await;
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// Sleeps without blocking its test.
#[mcp_job]
fn nap(#[arg(default = 0)] seconds: u64) -> u64 {
    std::thread::sleep(Duration::from_secs(seconds));
    seconds
}

#[test]
fn a_plain_function_needs_no_runtime() {
    assert_eq!(nap(nap::new().seconds), 0);
}

/// How much of the stock is someone's, which is made from all that a scope has.
#[derive(Debug)]
struct Share {
    owner: String,
    rows: u32,
}

impl FromJob for Share {
    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        scope.cancel_token().check()?;
        scope.progress().message("sharing");
        let stock = scope.state::<Warehouse>().ok_or_else(|| JobError::fatal("no stock"))?;
        Ok(Self { owner: scope.context().owner().to_string(), rows: stock.rows / scope.context().attempt() })
    }
}

#[test]
fn what_is_injected_by_a_type_of_ones_own_can_be_tested_alone() {
    let (progress, cancel) = (Progress::new(), CancelToken::new());
    let empty = JobScope::for_test(JobContext::for_test("share").with_owner("ada").with_attempt(2));
    assert_eq!(Share::from_job(&empty).unwrap_err().message(), "no stock");
    let scope = empty.clone().with_state(Warehouse { rows: 3 }).with_state(Warehouse { rows: 8 });
    let scope = scope.with_progress(progress.clone()).with_cancel_token(cancel.clone());
    let share = Share::from_job(&scope).unwrap();
    assert_eq!((&*share.owner, share.rows), ("ada", 4));
    assert_eq!(progress.latest().message.as_deref(), Some("sharing"));
    assert!(empty.state::<Warehouse>().is_none(), "the scope that it was made from is as it was");
    cancel.cancel(CancelReason::Requested);
    assert_eq!(Share::from_job(&scope).unwrap_err().kind(), ErrorKind::Cancelled);
}
