//! The functions called as functions, as a unit test does: everything that is injected can be made by hand.

use std::time::Duration;

use mcpq::prelude::*;
use mcpq::{CancelReason, ErrorKind};

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
