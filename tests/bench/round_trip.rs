//! What a `queue_submit` costs an agent, beside a bare rmcp tool that gives its arguments back: over stdio to a child
//! process and over HTTP on loopback. Samples of the two are taken in turn, so that the machine's mood cancels out.
//!
//! `cargo bench -p mcpq-tests --bench round_trip`
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Samples of each server that count, and those before that do not.
const SAMPLES: usize = 4000;
const WARM_UP: usize = 500;

fn main() {
    println!(
        "{:<28} {:>12} {:>12} {:>8}   {:>12} {:>12}",
        "", "queue p50", "echo p50", "ratio", "queue p99", "echo p99"
    );
    compare("stdio", Pipe::open("queue"), Pipe::open("echo"));
    compare("HTTP, protocol 2026-07-28", Web::open("queue"), Web::open("echo"));
}

/// A client of one server.
trait Client {
    /// Calls a tool and waits for the answer.
    fn call(&mut self, tool: &str, arguments: Value) -> Value;
}

fn compare(name: &str, mut queue: impl Client, mut echo: impl Client) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..WARM_UP + SAMPLES {
        let before = Instant::now();
        let answer = queue.call("queue_submit", json!({ "job_type": "number", "args": { "n": n } }));
        let took = before.elapsed();
        assert_eq!(answer["result"]["structuredContent"]["status"], "pending", "{answer}");
        let between = Instant::now();
        let answer = echo.call("echo", json!({ "job_type": "number", "n": n }));
        assert_eq!(answer["result"]["structuredContent"]["n"], n, "{answer}");
        if n >= WARM_UP {
            ours.push(took);
            theirs.push(between.elapsed());
        }
    }
    ours.sort();
    theirs.sort();
    let micros = |sorted: &[Duration], part: f64| sorted[(sorted.len() as f64 * part) as usize].as_secs_f64() * 1e6;
    let (our_middle, their_middle) = (micros(&ours, 0.5), micros(&theirs, 0.5));
    println!(
        "{name:<28} {our_middle:>9.0} µs {their_middle:>9.0} µs {:>8.2}   {:>9.0} µs {:>9.0} µs",
        our_middle / their_middle,
        micros(&ours, 0.99),
        micros(&theirs, 0.99),
    );
}

fn server(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench_server"));
    command.args(args).stderr(Stdio::null()).env("RUST_LOG", "off");
    command
}

/// A child process behind two pipes.
struct Pipe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
    id: u64,
}

impl Pipe {
    fn open(kind: &str) -> Self {
        let mut child = server(&[kind, "stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut pipe = Self { child, input, output, line: String::new(), id: 0 };
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" } });
        pipe.ask("initialize", params);
        pipe.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        pipe
    }

    fn send(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }));
        self.line.clear();
        self.output.read_line(&mut self.line).unwrap();
        serde_json::from_str(&self.line).unwrap()
    }
}

impl Client for Pipe {
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child process behind a port.
struct Web {
    child: Child,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
    id: u64,
}

impl Web {
    fn open(kind: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child =
            server(&[kind, "http", &free.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(free).is_err() {
            assert!(Instant::now() < limit, "the server does not answer");
            std::thread::yield_now();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { child, runtime, client: reqwest::Client::new(), url: format!("http://{free}/mcp"), id: 0 }
    }
}

impl Client for Web {
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.id += 1;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "method": "tools/call",
            "params": { "name": tool, "arguments": arguments, "_meta": meta },
        });
        let request = self
            .client
            .post(&self.url)
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", tool)
            .json(&body);
        let text = self.runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() });
        let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).find(|data| data.contains("\"id\""));
        serde_json::from_str(data.unwrap_or(&text)).unwrap()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
