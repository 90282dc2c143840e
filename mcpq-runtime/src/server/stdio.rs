//! MCP over standard input and output: one JSON-RPC message a line, and an answer to every line
//! that wants one.
//!
//! rmcp's own transport says nothing to a line that is too long, malformed or nested too deep, so
//! that the client waits for ever; and a notification before `initialize` ends its server.

mod input;
mod lines;
mod opening;
mod output;

use std::io;

use rmcp::{
    RoleServer,
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::Transport,
};
use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    input::Stdin,
    lines::{Line, Lines},
    opening::Opening,
    output::Output,
};
use super::message::{self, Refusal};

/// The longest line that is read unless [`StdioTransport::max_line_bytes`] says otherwise: 8 MiB.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

/// The transport of a server on this process's standard input and output.
///
/// Call it once in a process, within a Tokio runtime, and write nothing else to standard output:
/// `server.serve(stdio()).await?.waiting().await?`.
pub fn stdio() -> StdioTransport {
    StdioTransport::new(Stdin::start(), tokio::io::stdout())
}

/// A transport for rmcp servers over a pair of byte streams; see [`stdio`].
///
/// A line that cannot be served is answered with a JSON-RPC error, and the next one is read.
/// Notifications and responses are never answered; before the client has opened the session they
/// are dropped. Blank lines are skipped.
#[derive(Debug)]
pub struct StdioTransport {
    lines: Lines,
    output: Output,
    opening: Opening,
    /// An answer of our own on its way out: `receive` may be dropped at any await, and then goes on
    /// with it.
    reply: Option<Reply>,
}

#[derive(Debug)]
enum Reply {
    Waiting(Vec<u8>),
    Flushing,
}

impl StdioTransport {
    /// A transport that reads from `input` and writes to `output`.
    pub fn new(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self {
            lines: Lines::new(Box::new(input), MAX_LINE_BYTES),
            output: Output::new(Box::new(output)),
            opening: Opening::default(),
            reply: None,
        }
    }

    /// The longest line that is read, without its line break; a longer one is answered with an
    /// error, and no more of it than this is ever held in memory.
    pub fn max_line_bytes(mut self, limit: usize) -> Self {
        self.lines.set_limit(limit);
        self
    }

    async fn flush_reply(&mut self) -> io::Result<()> {
        if self.reply.is_some() {
            let mut writer = self.output.lock().await;
            if let Some(Reply::Waiting(reply)) = self.reply.replace(Reply::Flushing) {
                writer.queue(&reply)?;
            }
            writer.flush().await?;
            self.reply = None;
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) {
        let (code, answered) = (refusal.code(), refusal.is_answerable());
        tracing::debug!(code, answered, "refused a message");
        if answered {
            self.reply = Some(Reply::Waiting(refusal.to_json()));
        }
    }
}

impl Transport<RoleServer> for StdioTransport {
    type Error = io::Error;

    fn send(&mut self, message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.opening.sent(&message);
        let output = self.output.clone();
        async move {
            let message = serde_json::to_vec(&message)?;
            let mut writer = output.lock().await;
            writer.queue(&message)?;
            writer.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Err(error) = self.flush_reply().await {
                tracing::debug!(%error, "the client reads no more");
                return None;
            }
            let line = match self.lines.next().await {
                Ok(line) => line?,
                Err(error) => {
                    tracing::warn!(%error, "failed to read from the client");
                    return None;
                }
            };
            let read = match line {
                Line::Whole(line) if line.trim_ascii().is_empty() => continue,
                Line::Whole(line) => message::read(&line),
                Line::TooLong(scan) => Err(Refusal::too_long(self.lines.limit(), &scan)),
            };
            match read {
                Ok(message) if self.opening.admits(&message) => return Some(message),
                Ok(_) => tracing::debug!("dropped a notification or response before `initialize`"),
                Err(refusal) => self.refuse(&refusal),
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.close().await
    }
}
