//! The stdio transport: every line that wants an answer gets one, and the server goes on.
#![allow(clippy::expect_used, reason = "a test may fail")]

mod long_lines;
mod refusals;
mod session;

use std::time::Duration;

use mcpq::transport::StdioTransport;
use rmcp::{
    ServiceExt,
    service::{QuitReason, ServerInitializeError},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split},
    task::JoinHandle,
    time::timeout,
};

use crate::echo::Echo;

/// A failing test ends after this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The far end of an echo server's pipes.
struct Client {
    to: WriteHalf<DuplexStream>,
    from: Lines<BufReader<ReadHalf<DuplexStream>>>,
    server: JoinHandle<Result<QuitReason, ServerInitializeError>>,
}

impl Client {
    fn start(configure: impl FnOnce(StdioTransport) -> StdioTransport) -> Self {
        Self::with_pipe(64 * 1024, configure)
    }

    fn with_pipe(room: usize, configure: impl FnOnce(StdioTransport) -> StdioTransport) -> Self {
        let (near, far) = duplex(room);
        let (read, write) = split(far);
        let transport = configure(StdioTransport::new(read, write));
        let server = tokio::spawn(async move {
            let running = Echo::default().serve(transport).await?;
            Ok(running.waiting().await.expect("the service does not panic"))
        });
        let (from, to) = split(near);
        Self { to, from: BufReader::new(from).lines(), server }
    }

    /// A client whose session is open.
    async fn open(configure: impl FnOnce(StdioTransport) -> StdioTransport) -> Self {
        let mut client = Self::start(configure);
        client.initialize().await;
        client
    }

    async fn initialize(&mut self) {
        self.send(r#"{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], "init");
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    }

    async fn send(&mut self, line: impl AsRef<[u8]>) {
        self.write(line).await;
        self.write("\n").await;
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let write = self.to.write_all(bytes.as_ref());
        timeout(PATIENCE, write).await.expect("the server reads").expect("the server lives");
    }

    async fn receive(&mut self) -> Value {
        let line = timeout(PATIENCE, self.from.next_line()).await.expect("the server answers");
        let line = line.expect("the server lives").expect("the server has not closed");
        serde_json::from_str(&line).expect("an answer is JSON")
    }

    /// Asserts that nothing was answered to what was sent before.
    async fn is_silent(&mut self) {
        self.send(r#"{"jsonrpc":"2.0","id":"still there?","method":"ping"}"#).await;
        assert_eq!(self.receive().await, json!({"jsonrpc":"2.0","id":"still there?","result":{}}));
    }

    /// Asserts that `line` is refused with this code and id, and that the server goes on.
    async fn is_refused(&mut self, line: impl AsRef<[u8]>, code: i64, id: Value) -> String {
        self.send(line).await;
        let answer = self.receive().await;
        let keys: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["error", "id", "jsonrpc"], "{answer}");
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{answer}");
        self.is_silent().await;
        answer["error"]["message"].as_str().expect("a message").to_owned()
    }

    /// Ends the input and waits for the server's end.
    async fn finish(mut self) -> Result<QuitReason, ServerInitializeError> {
        self.to.shutdown().await.expect("the input ends");
        timeout(PATIENCE, self.server).await.expect("the server ends").expect("without a panic")
    }
}

fn call(id: &Value, text: &str) -> String {
    let params = json!({"name": "echo", "arguments": {"text": text}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}
