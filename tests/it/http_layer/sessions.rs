//! Sessions and their owners.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing};
use mcpq::http_layer;
use reqwest::{Method, StatusCode};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{GRACE, PATIENCE, SESSION_ID, Served, Session, message, modern, refusal, sse};
use crate::echo::Echo;

#[tokio::test]
async fn sessions_and_requests_without_one_are_served() {
    let served = Served::start(http_layer()).await;
    let session = served.initialize("alice").await;
    let answer = sse(session.call("echo").send().await.expect("an answer")).await;
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"a":1}"#);
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let answer = served.post(notification).header(SESSION_ID, &session.id).header("x-user", "alice");
    assert_eq!(answer.send().await.expect("an answer").status(), StatusCode::ACCEPTED);

    let answer = served
        .post(modern("tools/call", json!({"name": "echo"})))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "echo")
        // Means nothing where there are no sessions.
        .header(SESSION_ID, &session.id)
        .send();
    assert_eq!(sse(answer.await.expect("an answer")).await["result"]["content"][0]["text"], "{}");
    served.stop().await;
}

#[tokio::test]
async fn a_session_exists_for_its_owner_alone() {
    let served = Served::start(http_layer()).await;
    let session = served.initialize("alice").await;
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let foreign = session.by("bob", method.clone()).send().await.expect("an answer");
        let foreign = refusal(foreign, 404, -32600, Value::Null).await;
        let nowhere = Session { id: "nowhere".to_owned(), user: "bob".to_owned(), ..session };
        let unknown = nowhere.by("bob", method).send().await.expect("an answer");
        assert_eq!(refusal(unknown, 404, -32600, Value::Null).await, foreign);
    }
    // Nor can he begin anew within it, whatever he sends along.
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    let again = served.post(modern("initialize", params)).header(SESSION_ID, &session.id);
    let again = again.header("x-user", "bob").send().await.expect("an answer");
    refusal(again, 404, -32600, Value::Null).await;

    assert!(session.lives().await);
    let ended = session.by("alice", Method::DELETE).send().await.expect("an answer");
    assert!(ended.status().is_success());
    assert!(!session.lives().await);
    served.stop().await;
}

#[tokio::test]
async fn nobody_in_particular_is_the_owner_local() {
    let served = Served::start(http_layer()).await;
    let session = served.initialize("local").await;
    let anybody = served.post(message(json!(2), "tools/list", json!({})));
    let anybody = anybody.header(SESSION_ID, &session.id).send().await.expect("an answer");
    assert_eq!(sse(anybody).await["result"]["tools"][0]["name"], "echo");
    served.stop().await;
}

#[tokio::test]
async fn one_session_too_many_closes_the_one_silent_for_longest() {
    let alive = Arc::new(Semaphore::new(10));
    let counted = alive.clone();
    let factory = move || Ok(Echo::counted(&counted));
    let served = Served::with(http_layer().max_sessions(2), factory, GRACE).await;
    let first = served.initialize("alice").await;
    let second = served.initialize("bob").await;
    assert!(first.lives().await);
    let third = served.initialize("alice").await;
    // Its server is gone from rmcp, too: eight are left for others.
    let closed = timeout(PATIENCE, alive.acquire_many(8)).await.expect("two remain");
    assert!(!second.lives().await);
    assert!(first.lives().await && third.lives().await);
    drop(closed);
    served.stop().await;
    let _all = timeout(PATIENCE, alive.acquire_many(10)).await.expect("all sessions end");
}

#[tokio::test]
async fn a_session_with_an_open_stream_is_not_silent() {
    let served = Served::start(http_layer().max_sessions(2)).await;
    let listening = served.initialize("alice").await;
    let stream = listening.by("alice", Method::GET).send().await;
    let later = served.initialize("alice").await;
    let last = served.initialize("alice").await;
    assert!(!later.lives().await);
    assert!(listening.lives().await && last.lives().await);
    drop(stream);
    served.stop().await;
}

#[tokio::test]
async fn an_idle_session_is_forgotten() {
    let served = Served::start(http_layer().session_idle(Duration::ZERO)).await;
    assert!(!served.initialize("alice").await.lives().await);
    served.stop().await;
}

#[tokio::test]
async fn the_layer_guards_a_router_of_ones_own() {
    let config = StreamableHttpServerConfig::default();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(|| Ok(Echo::default()), sessions, config);
    let router =
        Router::new().nest_service("/mcp", service).route("/health", routing::get(async || "well")).layer(http_layer());
    let served = Served::route(router, CancellationToken::new(), GRACE).await;
    served.is_refused("hello", 400, -32700, Value::Null).await;
    let session = served.initialize("alice").await;
    assert!(session.lives().await);
    let foreign = session.by("bob", Method::POST).send().await.expect("an answer");
    refusal(foreign, 404, -32600, Value::Null).await;
    let health = reqwest::get(format!("http://{}/health", served.address)).await.expect("an answer");
    assert_eq!(health.text().await.expect("text"), "well");
    served.stop().await;
}
