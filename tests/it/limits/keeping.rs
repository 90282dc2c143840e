//! How long ended jobs are kept.

use std::time::Duration;

use mcpq::{JobDefinition, JobError, JobHandle, JobOptions, Queue};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{builder, echo, job, options, started, submit};

const MINUTE: Duration = Duration::from_secs(60);

fn fails() -> JobDefinition {
    job("fails", |_| async { Err(JobError::fatal("boom")) })
}

fn hangs(options: JobOptions) -> JobDefinition {
    job("hangs", |_| std::future::pending()).options(options)
}

async fn is_gone(handle: &JobHandle<Value>) -> bool {
    match handle.status().await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.code(), "JOB_NOT_FOUND");
            true
        }
    }
}

/// How long after its end a job of this type is forgotten.
async fn kept(queue: &Queue, job_type: &str) -> Duration {
    let handle = submit(queue, job_type).await;
    handle.wait().await.unwrap();
    let ended = Instant::now();
    loop {
        if is_gone(&handle).await {
            return ended.elapsed();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Sweeps come every 10 s, give or take a quarter, and one in six prunes.
fn about(kept: Duration, wanted: Duration) -> bool {
    kept >= wanted && kept <= wanted + Duration::from_secs(80)
}

#[tokio::test(start_paused = true)]
async fn results_and_failures_are_kept_as_long_as_the_builder_says() {
    let builder = builder().job(echo()).job(fails()).job(hangs(options(|o| o.timeout = Some(MINUTE))));
    let (queue, _worker) = started(builder.result_ttl(10 * MINUTE).failure_ttl(30 * MINUTE)).await;
    for (job_type, wanted) in [("echo", 10 * MINUTE), ("fails", 30 * MINUTE), ("hangs", 30 * MINUTE)] {
        let kept = kept(&queue, job_type).await;
        assert!(about(kept, wanted), "{job_type}: {kept:?}");
    }
    let handle = submit(&queue, "hangs").await;
    handle.cancel().await.unwrap();
    let cancelled = handle.wait().await.unwrap();
    assert_eq!((cancelled.expires_at.unwrap() - cancelled.finished_at.unwrap()).num_minutes(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_job_type_can_say_otherwise() {
    let own = options(|o| (o.result_ttl, o.failure_ttl) = (Some(5 * MINUTE), Some(Duration::MAX)));
    let own_jobs = || builder().job(echo().options(own)).job(fails().options(own));
    let (queue, _worker) = started(own_jobs()).await;
    let kept = kept(&queue, "echo").await;
    assert!(about(kept, 5 * MINUTE), "{kept:?}");

    let (queue, _worker) = started(own_jobs().sweep_interval(60 * MINUTE)).await;
    let failed = submit(&queue, "fails").await;
    assert_eq!(failed.wait().await.unwrap().expires_at, None);
    tokio::time::sleep(60 * 24 * 5 * MINUTE).await;
    assert!(!is_gone(&failed).await, "for ever is longer than that");
}

#[tokio::test(start_paused = true)]
async fn failures_can_be_kept_for_ever_and_removed_by_hand() {
    let (queue, _worker) = started(builder().job(fails()).failure_ttl(None).sweep_interval(60 * MINUTE)).await;
    let handle = submit(&queue, "fails").await;
    handle.wait().await.unwrap();
    tokio::time::sleep(60 * 24 * 5 * MINUTE).await;
    assert_eq!(queue.stats().await.unwrap().dead, 1);
    queue.remove(handle.id()).await.unwrap();
    assert!(is_gone(&handle).await);
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

#[tokio::test(start_paused = true)]
async fn a_live_job_is_never_forgotten() {
    let tiny = options(|o| (o.result_ttl, o.failure_ttl) = (Some(Duration::from_millis(1)), Some(MINUTE)));
    let long = job("long", |_| async {
        tokio::time::sleep(200 * MINUTE).await;
        Ok(json!(null))
    });
    let builder = builder().job(long.options(tiny)).default_timeout(1000 * MINUTE).workers(1);
    let (queue, _worker) = started(builder).await;
    let (running, waiting) = (submit(&queue, "long").await, submit(&queue, "long").await);
    tokio::time::sleep(190 * MINUTE).await;
    assert!(!is_gone(&running).await && !is_gone(&waiting).await);
    while !is_gone(&running).await {
        tokio::time::sleep(MINUTE).await;
    }
    assert!(!is_gone(&waiting).await);
}
