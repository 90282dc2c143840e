//! The command line, by running a program: what it prints where, its exit codes, and how its servers start and stop.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod file;
mod http;
mod shared;
pub(crate) mod stdio;
mod submit;
mod usage;

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// A failing test ends after this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test server with these arguments and no environment but its own: it keeps jobs in memory.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test_server"));
    command.args(args).env_clear().env("MCPQ_STORE", "memory:").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a run left behind.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Standard output as one JSON document.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error on standard error as JSON.
    fn json_error(&self) -> Value {
        let error: Value = serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        error["error"].clone()
    }

    /// A command line that was refused: exit code 2, all of these texts on standard error, nothing on standard output.
    #[track_caller]
    fn refused(&self, texts: &[&str]) {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.out, "");
        for text in texts {
            assert!(self.err.contains(text), "{text:?} is missing in {self:?}");
        }
    }
}

/// Runs a command to its end.
async fn run(args: &[&str]) -> Ran {
    finish(command(args)).await
}

async fn finish(mut command: Command) -> Ran {
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A program that runs.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        Self::spawn(command(args))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            err: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    }

    /// The next line on standard output, which must be JSON.
    pub(crate) async fn answer(&mut self) -> Value {
        let line = timeout(PATIENCE, self.out.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
    }

    /// The next line on standard error that has this text in it.
    async fn says(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let Some(line) = timeout(PATIENCE, self.err.next_line()).await.unwrap().unwrap() else {
                panic!("{text:?} was never said: {seen:?}")
            };
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
    }

    /// All that is still said on standard error.
    async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = timeout(PATIENCE, self.err.next_line()).await.unwrap().unwrap() {
            lines.push(line);
        }
        lines
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; the exit code, and how long it took.
    pub(crate) async fn end(&mut self) -> (i32, Duration) {
        let began = Instant::now();
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        (status.code().unwrap_or(-1), began.elapsed())
    }
}

/// Whether an answer shows a job that has not ended: it runs, or has been given back.
fn is_unfinished(job: &Value) -> bool {
    job["status"] == "running" || job["status"] == "pending"
}
