//! Logs, on standard error alone: standard output belongs to MCP and to answers.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;

use super::screen::Screen;

/// What a server logs unless told otherwise.
const SERVER: &str = "info,rmcp=warn";
/// What a command logs unless told otherwise: its answer says the rest, how jobs end and whether anybody runs them.
const COMMAND: &str = "warn,mcpq::job=error,mcpq::serving=error";

/// Starts to log, unless the program has set up something of its own.
pub(super) fn start(filter: Option<&str>, serves: bool, screen: &Screen) {
    let usual = if serves { SERVER } else { COMMAND };
    let chosen = filter.map(str::to_owned).or_else(|| std::env::var(EnvFilter::DEFAULT_ENV).ok());
    let filter = EnvFilter::new(chosen.filter(|text| !text.is_empty()).unwrap_or_else(|| usual.to_owned()));
    let screen = screen.clone();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(move || AroundBars(screen.clone()))
        .try_init();
}

/// Reads a filter, to refuse one that is wrong before anything is done.
pub(super) fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Standard error, with progress bars out of the way of each line.
struct AroundBars(Screen);

impl Write for AroundBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.without_bars(|| io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
