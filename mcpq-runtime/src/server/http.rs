//! MCP over HTTP: what a server must refuse before rmcp sees it, and the whole service around it.
//!
//! rmcp's Streamable HTTP service answers bad bodies with plain text, lets every origin in unless
//! told otherwise, and gives every caller any session whose id they know. [`HttpLayer`] stands
//! before it and mends that; [`mcp_service`] puts the two together, and [`serve`] runs the result.

mod admission;
mod body;
mod connection;
mod hosts;
mod origins;
mod service;
mod sessions;

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::Layer;

pub use self::service::HttpService;
use self::{connection::CutListener, hosts::Hosts, origins::Origins, sessions::Sessions};

/// Where [`mcp_service`] mounts MCP.
pub const MCP_PATH: &str = "/mcp";

const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// How long connections may take to end once they have been cut.
const CUT_WAIT: Duration = Duration::from_secs(1);

/// The layer with its defaults: see [`HttpLayer`].
pub fn http_layer() -> HttpLayer {
    HttpLayer::default()
}

/// A tower layer that guards an MCP endpoint.
///
/// - A foreign `Host` or `Origin` is refused with 403. Loopback names are always allowed, with any
///   port; a request without `Origin` comes from no browser and passes.
/// - A body that is too long is refused with 413; one that is not JSON, nested too deep or no
///   JSON-RPC message, with 400. All refusals are JSON-RPC errors.
/// - A session belongs to whom it was made for: the [`Owner`](crate::job::Owner) in the extensions
///   of its first request, `local` without one. To everybody else it does not exist (404).
///
/// Everything else passes as it is. Put it around the MCP endpoint, and authentication around it, so
/// that the owner is known here:
/// `Router::new().nest_service("/mcp", service).layer(http_layer()).layer(authentication)`.
///
/// Sessions are known to the process that made them alone: where rmcp restores a session on another
/// replica, this layer answers 404 there, and the client begins a new one.
#[derive(Clone, Debug)]
pub struct HttpLayer {
    hosts: Hosts,
    origins: Origins,
    max_body_bytes: usize,
    sessions: Sessions,
    shutdown: CancellationToken,
    /// Ends the sessions of [`mcp_service`] when the last copy of it is gone.
    end_of_sessions: Option<Arc<DropGuard>>,
}

impl Default for HttpLayer {
    fn default() -> Self {
        Self {
            hosts: Hosts::default(),
            origins: Origins::default(),
            max_body_bytes: MAX_BODY_BYTES,
            sessions: Sessions::default(),
            shutdown: CancellationToken::new(),
            end_of_sessions: None,
        }
    }
}

impl HttpLayer {
    /// Also allows this `Host`: a name or an address, with a port only if no other is meant.
    pub fn allow_host(mut self, host: impl AsRef<str>) -> Self {
        self.hosts.allow(host.as_ref());
        self
    }

    /// Allows every `Host`. Only where something else keeps strangers away: a page in a browser
    /// can make any name point at this machine.
    pub fn allow_any_host(mut self) -> Self {
        self.hosts.allow_any();
        self
    }

    /// Also allows this `Origin`, such as `https://app.example.com`; end it with `:*` for any port.
    pub fn allow_origin(mut self, origin: impl AsRef<str>) -> Self {
        self.origins.allow(origin.as_ref());
        self
    }

    /// The longest body that is read; 4 MiB by default. rmcp has a limit of its own, which is the
    /// same in [`mcp_service`].
    pub fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// How many sessions there may be; 10,000 by default. One more closes the one that has been
    /// silent for longest.
    pub fn max_sessions(mut self, most: usize) -> Self {
        self.sessions.set_most(most);
        self
    }

    /// How long a session without a request under way is kept; 10 minutes by default. Less than
    /// what the session manager keeps (rmcp: 5 minutes) ends sessions early.
    pub fn session_idle(mut self, idle: Duration) -> Self {
        self.sessions.set_idle(idle);
        self
    }

    /// Whether only calls to this machine's own names pass.
    pub(crate) fn is_local(&self) -> bool {
        self.hosts.is_local()
    }

    /// When this fires, the streams that stand open for server messages (`GET`) end. Requests are
    /// still answered.
    pub fn shutdown(mut self, shutdown: CancellationToken) -> Self {
        self.shutdown = shutdown;
        self
    }
}

impl<S> Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService::new(inner, self.clone())
    }
}

/// rmcp's Streamable HTTP service under [`MCP_PATH`] behind `layer`, with sessions for the clients
/// that need them. `factory` makes a handler for each session, and for each request without one.
///
/// Sessions end when the router and its connections are gone.
pub fn mcp_service<H, F>(factory: F, mut layer: HttpLayer) -> Router
where
    H: ServerHandler,
    F: Fn() -> io::Result<H> + Send + Sync + 'static,
{
    let sessions = CancellationToken::new();
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(layer.hosts.list())
        .with_allowed_origins(layer.origins.list())
        .enforce_origin_validation()
        .with_max_request_body_bytes(layer.max_body_bytes)
        .with_cancellation_token(sessions.clone());
    layer.end_of_sessions = Some(Arc::new(sessions.drop_guard()));
    let service = StreamableHttpService::new(factory, Arc::new(LocalSessionManager::default()), config);
    Router::new().nest_service(MCP_PATH, layer.layer(service))
}

/// Serves `router` until `shutdown` fires; then accepts no more, gives the requests under way
/// `grace` to be answered, and cuts what is left.
///
/// Standing streams end at once if the same token is given to [`HttpLayer::shutdown`].
///
/// # Errors
/// None so far: where no connection can be accepted, it waits until one can.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let cut = CancellationToken::new();
    let listener = CutListener::new(listener, cut.clone());
    let server = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let mut server = pin!(server.into_future());
    let out_of_time = async {
        shutdown.cancelled().await;
        sleep(grace).await;
    };
    tokio::select! {
        result = &mut server => return result,
        () = out_of_time => cut.cancel(),
    }
    tracing::warn!(?grace, "cut connections whose requests were not answered in time");
    timeout(CUT_WAIT, server).await.unwrap_or(Ok(()))
}
