//! MCP over HTTP at one address.

use std::pin::pin;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    BaseServer, Crew, ServerError, StopSignal,
    http::{self, HttpLayer, MCP_PATH, mcp_service},
};

/// Serves until a signal comes, then answers what is under way and stops.
pub(super) async fn serve(
    address: &str,
    base: BaseServer,
    layer: HttpLayer,
    crew: &Crew,
    stop: &StopSignal,
) -> Result<(), ServerError> {
    let queue = crew.queue();
    let server = queue.mount(base)?;
    let listen_error = |source| ServerError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(ServerError::Http)?;
    if !address.ip().is_loopback() && layer.is_local() {
        tracing::warn!(
            "calls from other machines will be refused until the host names that they use are allowed: \
             `--allowed-host` on the command line, `HttpLayer::allow_host` in code"
        );
    }
    let shutdown = CancellationToken::new();
    let router = mcp_service(move || Ok(server.clone()), layer.shutdown(shutdown.clone()));
    crew.start()?;
    tracing::info!("serving MCP at http://{address}{MCP_PATH}");

    let grace = queue.settings().grace();
    let mut serving = pin!(http::serve(listener, router, shutdown.clone(), grace));
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = stop.received() => None,
    };
    queue.close();
    shutdown.cancel();
    let rest = async {
        match ended {
            Some(ended) => ended,
            None => serving.await,
        }
    };
    let (ended, ()) = tokio::join!(rest, crew.stop_within(grace));
    ended.map_err(ServerError::Http)
}
