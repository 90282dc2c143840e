//! Whole lines into a byte stream, from many tasks.

use std::{fmt, io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{Mutex, MutexGuard},
    time::timeout,
};

/// How long the last bytes may take once the session is over.
const CLOSE_WAIT: Duration = Duration::from_secs(1);
/// Room that is kept for the next line.
const SPARE: usize = 64 * 1024;

/// Shared by everyone who writes.
#[derive(Clone, Debug)]
pub(super) struct Output(Arc<Mutex<Writer>>);

/// Holds what is queued until the stream has taken it, so that a flush that is dropped half-way
/// leaves no half line: the next flush goes on from there.
pub(super) struct Writer {
    stream: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    queued: Vec<u8>,
    written: usize,
}

impl Output {
    pub(super) fn new(stream: Box<dyn AsyncWrite + Send + Unpin>) -> Self {
        let writer = Writer { stream: Some(stream), queued: Vec::new(), written: 0 };
        Self(Arc::new(Mutex::new(writer)))
    }

    pub(super) async fn lock(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().await
    }

    /// Writes what is left, unless the client does not read, and ends the stream.
    pub(super) async fn close(&self) -> io::Result<()> {
        let close = async {
            let mut writer = self.lock().await;
            writer.flush().await?;
            match writer.stream.take() {
                Some(mut stream) => stream.shutdown().await,
                None => Ok(()),
            }
        };
        timeout(CLOSE_WAIT, close).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Writer {
    /// Appends a message as a line.
    pub(super) fn queue(&mut self, message: &[u8]) -> io::Result<()> {
        if self.stream.is_none() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.queued.extend_from_slice(message);
        self.queued.push(b'\n');
        Ok(())
    }

    /// Writes everything queued.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        while self.written < self.queued.len() {
            match stream.write(&self.queued[self.written..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.written += count,
            }
        }
        self.queued.clear();
        self.queued.shrink_to(SPARE);
        self.written = 0;
        stream.flush().await
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("queued", &self.queued.len()).finish_non_exhaustive()
    }
}
