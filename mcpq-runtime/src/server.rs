//! A whole MCP server around a queue: transports, workers, shutdown and the command line.

mod base;
#[cfg(feature = "cli")]
mod cli;
mod crew;
mod error;
#[cfg(feature = "http")]
pub(crate) mod http;
mod message;
#[cfg(feature = "http")]
mod over_http;
mod over_stdio;
mod signals;
pub(crate) mod stdio;

use std::{sync::Arc, time::Duration};

pub use error::ServerError;

use self::{
    base::BaseServer,
    crew::{Crew, Serves},
    signals::StopSignal,
};
use crate::queue::QueueBuilder;

/// How long running jobs may go on when a client on stdio leaves: common clients kill the process after 2 s.
const STDIO_GRACE: Duration = Duration::from_millis(1500);

/// A program that serves a queue's jobs to agents over MCP.
///
/// It takes the builder, not the queue, because the command line may choose the store and the number of workers. It
/// starts the workers itself.
///
/// ```no_run
/// use mcpq_runtime::{Queue, Server};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// Server::new("analytics", Queue::builder()).version("1.2.0").serve_stdio().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing until it is run"]
pub struct Server {
    base: BaseServer,
    builder: QueueBuilder,
    /// Whether this process runs jobs.
    works: bool,
    serves: Serves,
    #[cfg(feature = "http")]
    layer: http::HttpLayer,
}

impl Server {
    /// A server that clients know by this name.
    pub fn new(name: impl Into<String>, builder: QueueBuilder) -> Self {
        Self {
            base: BaseServer::new(name.into()),
            builder,
            works: true,
            serves: Serves::default(),
            #[cfg(feature = "http")]
            layer: http::http_layer(),
        }
    }

    /// The version that clients see: `.version(env!("CARGO_PKG_VERSION"))`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.base.version = version.into();
        self
    }

    /// What agents should know of this server. How to use the queue is added to it.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.base.instructions = Some(text.into());
        self
    }

    /// Which hosts and origins may call over HTTP, and how much they may send: loopback alone unless told otherwise.
    #[cfg(feature = "http")]
    pub fn http_layer(mut self, layer: http::HttpLayer) -> Self {
        self.layer = layer;
        self
    }

    /// Serves one client on standard input and output, until it leaves or a signal asks for the end. Nothing else may
    /// write to standard output meanwhile.
    ///
    /// Jobs are claimed from the first request on that is not `server/discover`, since clients start short-lived
    /// servers to look what they are. At the end running jobs get the setting `shutdown_grace` (1.5 s unless set), then
    /// go back to pending. A second signal ends the process at once.
    ///
    /// # Errors
    /// When the queue is not well defined, or the client never opened a session as the protocol asks.
    pub async fn serve_stdio(self) -> Result<(), ServerError> {
        let stop = StopSignal::listen()?;
        let (base, crew) = self.open().await?;
        over_stdio::serve(base, &crew, &stop).await
    }

    /// Serves MCP over HTTP under `/mcp` at this address, until a signal asks for the end.
    ///
    /// Then no more requests are taken, those under way are answered, and running jobs get the setting
    /// `shutdown_grace` (25 s unless set) before they go back to pending. A second signal ends the process at once.
    ///
    /// ```no_run
    /// # use mcpq_runtime::{Queue, Server};
    /// # async fn serve() -> Result<(), mcpq_runtime::ServerError> {
    /// Server::new("analytics", Queue::builder()).serve_http("127.0.0.1:8080").await
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the queue is not well defined, or the address cannot be listened on.
    #[cfg(feature = "http")]
    pub async fn serve_http(self, address: impl Into<String>) -> Result<(), ServerError> {
        let stop = StopSignal::listen()?;
        let layer = self.layer.clone();
        let (base, crew) = self.open().await?;
        over_http::serve(&address.into(), base, layer, &crew, &stop).await
    }

    /// Reads the command line of this process and does what it says: MCP over stdio without a command, `serve` for
    /// HTTP, `submit`, `schema` and more; `--help` tells all.
    ///
    /// When a command fails, it says why on standard error and ends the process with the exit code: 1 for a job or a
    /// server that failed, 2 for a command line that is wrong, 130 after ctrl-c. The process also ends here when
    /// handlers are left that cannot be stopped, which the runtime would wait for.
    ///
    /// Logs go to standard error, unless the program has set a `tracing` subscriber before.
    ///
    /// # Errors
    /// When the queue is not well defined: a mistake in the program, not on its command line.
    #[cfg(feature = "cli")]
    pub async fn run(self) -> Result<(), ServerError> {
        let exit = cli::run(self, std::env::args_os()).await?;
        if exit.code != 0 || exit.handlers_left {
            std::process::exit(exit.code.into());
        }
        Ok(())
    }

    /// As [`run`](Self::run) for other arguments, the program's name first; returns the exit code and never ends the
    /// process, save on a second signal.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "cli")]
    pub async fn run_from<I>(self, args: I) -> Result<std::process::ExitCode, ServerError>
    where
        I: IntoIterator,
        I::Item: Into<std::ffi::OsString> + Clone,
    {
        cli::run(self, args).await.map(|exit| exit.code.into())
    }

    /// Opens the queue.
    async fn open(self) -> Result<(BaseServer, Arc<Crew>), ServerError> {
        let builder = if self.works { self.builder } else { self.builder.submit_only() };
        let queue = builder.build().await?;
        let works = !queue.is_submit_only();
        Ok((self.base, Arc::new(Crew::new(queue, works, self.serves))))
    }
}
