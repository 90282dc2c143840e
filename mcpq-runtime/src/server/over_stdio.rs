//! One client on standard input and output.

use std::sync::Arc;

use rmcp::{
    RoleServer, ServiceExt,
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    service::ServerInitializeError,
    transport::Transport,
};
use tokio_util::sync::CancellationToken;

use super::{BaseServer, Crew, STDIO_GRACE, ServerError, StopSignal, stdio::stdio};

/// Serves until the client leaves or a signal comes, then stops cleanly.
pub(super) async fn serve(base: BaseServer, crew: &Arc<Crew>, stop: &StopSignal) -> Result<(), ServerError> {
    let queue = crew.queue();
    let grace = queue.settings().shutdown_grace.unwrap_or(STDIO_GRACE);
    let starter = crew.clone();
    let server = queue.mount(base)?.on_request(Arc::new(move || starter.start_or_log()));
    let (left, quit) = (CancellationToken::new(), CancellationToken::new());
    let transport = Noticed { inner: stdio(), ended: left.clone() };

    let session = async {
        match server.serve_with_ct(transport, quit.clone()).await {
            // Whichever way the session's loop ended, it has answered what it could.
            Ok(session) => drop(session.waiting().await),
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {}
            Err(error) => return Err(ServerError::Session(Box::new(error))),
        }
        Ok(())
    };
    let mut session = std::pin::pin!(session);
    let ended = tokio::select! {
        ended = &mut session => Some(ended),
        () = left.cancelled() => None,
        () = stop.received() => {
            quit.cancel();
            None
        }
    };

    // Held calls are answered now, so that there is little left to wait for.
    queue.close();
    let rest = async {
        match ended {
            Some(ended) => ended,
            None => tokio::time::timeout(grace, session).await.unwrap_or(Ok(())),
        }
    };
    let (ended, ()) = tokio::join!(rest, crew.stop_within(grace));
    ended
}

/// A transport that tells when the client has sent its last, before its calls are answered.
struct Noticed<T> {
    inner: T,
    ended: CancellationToken,
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Noticed<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let message = self.inner.receive().await;
        if message.is_none() {
            self.ended.cancel();
        }
        message
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
