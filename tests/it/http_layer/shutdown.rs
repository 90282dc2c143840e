//! How the server stops.

use std::{sync::Arc, time::Duration};

use mcpq::http_layer;
use reqwest::{Method, StatusCode};
use tokio::{sync::Semaphore, time::timeout};

use super::{GRACE, PATIENCE, Served, sse};
use crate::echo::{Echo, Gate};

#[tokio::test]
async fn shutdown_ends_standing_streams_and_lets_calls_be_answered() {
    let gate = Arc::new(Gate::default());
    let behind = gate.clone();
    let served = Served::with(http_layer(), move || Ok(Echo::behind(&behind)), GRACE).await;
    let session = served.initialize("alice").await;
    let stream = session.by("alice", Method::GET).send().await.expect("a stream");
    assert_eq!(stream.status(), StatusCode::OK);
    let call = tokio::spawn(session.call("wait").send());
    gate.begun.notified().await;

    served.shutdown.cancel();
    // To its end, which without a shutdown never comes.
    timeout(PATIENCE, stream.text()).await.expect("the stream ends").expect("cleanly");
    gate.open.notify_one();
    let answer = call.await.expect("no panic").expect("an answer");
    assert_eq!(sse(answer).await["result"]["content"][0]["text"], r#"{"a":1}"#);
    served.ended().await;
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_cut() {
    let gate = Arc::new(Gate::default());
    let behind = gate.clone();
    let factory = move || Ok(Echo::behind(&behind));
    let served = Served::with(http_layer(), factory, Duration::from_millis(50)).await;
    let session = served.initialize("alice").await;
    let call = tokio::spawn(session.call("wait").send());
    gate.begun.notified().await;
    served.stop().await;
    let cut = match call.await.expect("no panic") {
        Ok(answer) => answer.text().await.expect_err("no whole answer"),
        Err(error) => error,
    };
    assert!(!cut.is_timeout(), "{cut}");
}

#[tokio::test]
async fn sessions_end_with_the_server() {
    let alive = Arc::new(Semaphore::new(3));
    let counted = alive.clone();
    let served = Served::with(http_layer(), move || Ok(Echo::counted(&counted)), GRACE).await;
    served.initialize("alice").await;
    served.initialize("bob").await;
    assert_eq!(alive.available_permits(), 1);
    served.stop().await;
    let _all = timeout(PATIENCE, alive.acquire_many(3)).await.expect("all sessions end");
}
