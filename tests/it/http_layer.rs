//! MCP over HTTP: what the layer refuses, to whom sessions belong, and how the server stops.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod bodies;
mod names;
mod sessions;
mod shutdown;

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::Request, middleware::Next, response::Response};
use mcpq::{
    HttpLayer, Owner,
    transport::{mcp_service, serve},
};
use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::echo::Echo;

/// A failing test ends after this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing may need it.
const GRACE: Duration = Duration::from_secs(3600);
/// The start of a request written by hand.
const POST: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
    Accept: application/json, text/event-stream\r\nConnection: close\r\n";
const SESSION_ID: &str = "mcp-session-id";

/// A server on a port of its own.
struct Served {
    address: SocketAddr,
    shutdown: CancellationToken,
    server: JoinHandle<io::Result<()>>,
}

impl Served {
    async fn start(layer: HttpLayer) -> Self {
        Self::with(layer, || Ok(Echo::default()), GRACE).await
    }

    async fn with<F>(layer: HttpLayer, factory: F, grace: Duration) -> Self
    where
        F: Fn() -> io::Result<Echo> + Send + Sync + 'static,
    {
        let shutdown = CancellationToken::new();
        let router = mcp_service(factory, layer.shutdown(shutdown.clone()));
        Self::route(router, shutdown, grace).await
    }

    /// Serves `router` behind a middleware that believes the header `x-user`.
    async fn route(router: Router, shutdown: CancellationToken, grace: Duration) -> Self {
        let router = router.layer(axum::middleware::from_fn(authenticate));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(serve(listener, router, shutdown.clone(), grace));
        Self { address, shutdown, server }
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let client = Client::builder().timeout(PATIENCE).build().expect("a client");
        client
            .request(method, format!("http://{}/mcp", self.address))
            .header(ACCEPT, "application/json, text/event-stream")
    }

    fn post(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(Method::POST).header(CONTENT_TYPE, "application/json").body(body)
    }

    /// Asserts that a body is refused, and returns the message.
    async fn is_refused(&self, body: impl Into<reqwest::Body>, status: u16, code: i64, id: Value) -> String {
        let answer = self.post(body).send().await.expect("an answer");
        let error = refusal(answer, status, code, id).await;
        error["message"].as_str().expect("a message").to_owned()
    }

    /// Begins a session for `user`.
    async fn initialize(&self, user: &str) -> Session<'_> {
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        let body = message(json!(1), "initialize", params);
        let answer = self.post(body).header("x-user", user).send().await.expect("an answer");
        let id = answer.headers()[SESSION_ID].to_str().expect("an id").to_owned();
        assert_eq!(sse(answer).await["result"]["protocolVersion"], "2025-11-25");
        Session { served: self, id, user: user.to_owned() }
    }

    /// What the server says to a request written by hand.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer").expect("text");
        answer
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ended().await;
    }

    async fn ended(self) {
        let server = timeout(PATIENCE, self.server).await.expect("the server ends");
        server.expect("no panic").expect("no error");
    }
}

struct Session<'a> {
    served: &'a Served,
    id: String,
    user: String,
}

impl Session<'_> {
    fn by(&self, user: &str, method: Method) -> RequestBuilder {
        let request = match method {
            Method::POST => self.served.post(message(json!(2), "tools/list", json!({}))),
            other => self.served.request(other),
        };
        request.header(SESSION_ID, &self.id).header("x-user", user)
    }

    fn call(&self, tool: &str) -> RequestBuilder {
        let params = json!({"name": tool, "arguments": {"a": 1}});
        let request = self.served.post(message(json!(3), "tools/call", params));
        request.header(SESSION_ID, &self.id).header("x-user", &self.user)
    }

    async fn lives(&self) -> bool {
        let answer = self.by(&self.user, Method::POST).send().await.expect("an answer");
        answer.status() == StatusCode::OK
    }
}

async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    if let Some(user) = user.map(Owner::new) {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

fn message(id: Value, method: &str, params: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// A message that needs no session.
fn modern(method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    message(json!(1), method, params)
}

async fn refusal(answer: reqwest::Response, status: u16, code: i64, id: Value) -> Value {
    assert_eq!(answer.status().as_u16(), status);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    let answer: Value = answer.json().await.expect("JSON");
    let keys: Vec<_> = answer.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["error", "id", "jsonrpc"], "{answer}");
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{answer}");
    answer["error"].clone()
}

/// The message in an event stream that ends after it.
async fn sse(answer: reqwest::Response) -> Value {
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.expect("text");
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).find(|data| data.contains('{'));
    serde_json::from_str(data.expect("a message")).expect("JSON")
}
