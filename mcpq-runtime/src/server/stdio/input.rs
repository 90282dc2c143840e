//! Standard input, read in a thread of its own.

use std::{
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll, ready},
    thread,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::mpsc,
};

const CHUNK: usize = 64 * 1024;
/// Chunks read ahead.
const AHEAD: usize = 2;

/// Standard input. A read from it cannot be cancelled: were it one of the runtime's blocking tasks,
/// as with `tokio::io::stdin`, the runtime would wait at its end for input that may never come.
pub(super) struct Stdin {
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    used: usize,
}

impl Stdin {
    /// Starts to read.
    pub(super) fn start() -> Self {
        let (sender, chunks) = mpsc::channel(AHEAD);
        let thread = thread::Builder::new().name("mcpq-stdin".to_owned());
        let failure = sender.clone();
        if let Err(error) = thread.spawn(move || pump(&sender)) {
            // The channel is new and empty, so there is room.
            let _ = failure.try_send(Err(error));
        }
        Self { chunks, chunk: Vec::new(), used: 0 }
    }
}

/// Hands on what is read until the end of input, an error, or until nobody listens.
fn pump(chunks: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut stdin = io::stdin().lock();
    let mut buffer = vec![0; CHUNK];
    loop {
        let chunk = match stdin.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = chunk.is_err();
        if chunks.blocking_send(chunk).is_err() || failed {
            return;
        }
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.used == self.chunk.len() {
            let Some(chunk) = ready!(self.chunks.poll_recv(context)) else {
                return Poll::Ready(Ok(()));
            };
            self.chunk = chunk?;
            self.used = 0;
        }
        let rest = &self.chunk[self.used..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.used += count;
        Poll::Ready(Ok(()))
    }
}
