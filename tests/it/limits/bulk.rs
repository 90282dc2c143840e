//! Many jobs in one submit.

use mcpq::{EventKind, QueueError, Status, prelude::*, store::ListFilter, store::Page};

use crate::support::{Recorder, builder, started};

/// Squares a small number.
#[mcp_job]
async fn square(#[arg(range(..=100))] n: u64) -> u64 {
    n * n
}

/// Is unique.
#[mcp_job(unique = true)]
async fn once(n: u64) -> u64 {
    n
}

#[tokio::test(start_paused = true)]
async fn all_are_stored_in_order_under_one_batch_and_run() {
    let (builder, events) = Recorder::on(builder().job(square::JOB));
    let (queue, _worker) = started(builder).await;
    let batch = queue.submit_all((0..50).map(|n| square { n })).await.unwrap();
    assert_eq!(batch.jobs.len(), 50);
    for (n, job) in (0u64..).zip(&batch.jobs) {
        assert_eq!(job.result().await.unwrap(), n * n);
        assert_eq!(job.status().await.unwrap().batch, Some((batch.id, n as u32)));
        assert!(events.kinds(job.id()).contains(&EventKind::Submitted));
    }
    let filter = ListFilter { batch: Some(batch.id), ..ListFilter::default() };
    let page = Page { limit: 10, cursor: None, offset: 0 };
    assert_eq!(queue.list(&filter, &page).await.unwrap().total, 50);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_wrong_refuses_all_and_is_named_by_its_place() {
    let queue = builder().job(square::JOB).build().await.unwrap();
    let error = queue.submit_all([1, 2, 101].map(|n| square { n })).await.unwrap_err();
    assert_eq!(error.code(), "INVALID_JOB_ARGUMENTS");
    assert!(error.to_string().contains("/2/n: "), "{error}");
    assert_eq!(queue.stats().await.unwrap().queued, 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_whole() {
    let queue = builder().job(square::JOB).max_pending(2).build().await.unwrap();
    let error = queue.submit_all([1, 2, 3].map(|n| square { n })).await.unwrap_err();
    assert!(matches!(error, QueueError::Full { waiting: 0, limit: 2, .. }), "{error}");
    assert_eq!(queue.stats().await.unwrap().queued, 0);
    assert_eq!(queue.submit_all([1, 2].map(|n| square { n })).await.unwrap().jobs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn none_is_no_error_and_equals_are_one_job() {
    let queue = builder().job(square::JOB).job(once::JOB).build().await.unwrap();
    assert!(queue.submit_all([] as [square; 0]).await.unwrap().jobs.is_empty());
    let batch = queue.submit_all([1, 1, 2].map(|n| once { n })).await.unwrap();
    let [first, second, third] = &batch.jobs[..] else { panic!("three handles") };
    assert_eq!(first.id(), second.id());
    assert!(!first.deduplicated() && second.deduplicated() && !third.deduplicated());
    assert_eq!(first.status().await.unwrap().status, Status::Pending);
}

/// Submits a child, the same one however often it runs.
#[mcp_job(max_retries = 2, backoff_base = 0.0)]
async fn parent(context: JobContext) -> Result<String, JobError> {
    let key = format!("child of {}", context.job_id());
    let child = context.submit_once(&key, square { n: 3 }).await?;
    if context.attempt() < 3 {
        return Err(JobError::retry("again"));
    }
    Ok(child.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_runs_again_submits_its_child_once() {
    let (queue, _worker) = started(builder().job(square::JOB).job(parent::JOB)).await;
    let job = queue.submit(parent {}).await.unwrap();
    let child: mcpq::JobId = job.result().await.unwrap().parse().unwrap();
    assert_eq!(queue.job(child).result().await.unwrap(), 9);
    let filter = ListFilter { job_type: Some("square".to_owned()), ..ListFilter::default() };
    let page = Page { limit: 10, cursor: None, offset: 0 };
    assert_eq!(queue.list(&filter, &page).await.unwrap().total, 1);
}
