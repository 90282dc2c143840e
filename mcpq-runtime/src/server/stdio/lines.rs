//! Lines of bounded length out of a byte stream.

use std::{fmt, io, mem};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::server::message::Scan;

const CHUNK: usize = 64 * 1024;

/// One line without its line break.
#[derive(Debug)]
pub(super) enum Line {
    Whole(Vec<u8>),
    /// Longer than the limit: the bytes are gone, the scan has seen them all.
    TooLong(Scan),
}

/// Reads lines. A `next` that is dropped loses nothing.
pub(super) struct Lines {
    input: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    line: Partial,
}

/// The line that is being read.
struct Partial {
    limit: usize,
    kept: Vec<u8>,
    overrun: Option<Scan>,
}

impl Lines {
    pub(super) fn new(input: Box<dyn AsyncRead + Send + Unpin>, limit: usize) -> Self {
        let line = Partial { limit, kept: Vec::new(), overrun: None };
        Self { input: BufReader::with_capacity(CHUNK, input), line }
    }

    pub(super) fn limit(&self) -> usize {
        self.line.limit
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.line.limit = limit;
    }

    /// The next line, or `None` at the end; a last line may go without a line break.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            // The only await: what follows it is done in one go.
            let chunk = self.input.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(self.line.end_of_input());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            self.line.push(part);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some(self.line.take()));
            }
        }
    }
}

impl Partial {
    fn push(&mut self, part: &[u8]) {
        if let Some(scan) = &mut self.overrun {
            scan.feed(part);
        } else if self.kept.len() + part.len() > self.limit {
            let mut scan = Scan::of(&mem::take(&mut self.kept));
            scan.feed(part);
            self.overrun = Some(scan);
        } else {
            self.kept.extend_from_slice(part);
        }
    }

    fn take(&mut self) -> Line {
        let kept = mem::take(&mut self.kept);
        self.overrun.take().map_or(Line::Whole(kept), Line::TooLong)
    }

    fn end_of_input(&mut self) -> Option<Line> {
        (self.overrun.is_some() || !self.kept.is_empty()).then(|| self.take())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the bytes: they are somebody's arguments.
        f.debug_struct("Lines").field("limit", &self.line.limit).finish_non_exhaustive()
    }
}
