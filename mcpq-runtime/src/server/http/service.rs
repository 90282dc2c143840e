//! The way of one request through the layer.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use http::{HeaderValue, Method, Request, Response, Uri, header::HOST};
use tokio_util::sync::CancellationToken;
use tower::{Service, util::ServiceExt};

use super::{
    HttpLayer,
    admission::{Admitted, SESSION_ID, session_id},
    sessions::SessionUse,
};

/// An MCP endpoint behind an [`HttpLayer`].
#[derive(Clone, Debug)]
pub struct HttpService<S> {
    inner: S,
    layer: Arc<HttpLayer>,
}

/// What is still needed of a request when it has been answered.
struct Call {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
}

impl<S> HttpService<S> {
    pub(super) fn new(inner: S, layer: HttpLayer) -> Self {
        Self { inner, layer: Arc::new(layer) }
    }

    async fn handle<Answered>(self, request: Request<Body>) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<Answered>> + Clone + Send + 'static,
        S::Future: Send,
        Answered: HttpBody<Data = Bytes> + Send + 'static,
        Answered::Error: Into<axum::BoxError>,
    {
        let Admitted { request, owner, session } = match self.layer.admit(request).await {
            Ok(admitted) => admitted,
            Err(refused) => return Ok(refused.into_response()),
        };
        let call = Call {
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(HOST).cloned(),
        };
        let answer = self.inner.clone().oneshot(request).await?.map(Body::new);
        let sessions = &self.layer.sessions;
        let session = match (session, session_id(answer.headers())) {
            (None, Some(begun)) => {
                let (session, gone) = sessions.begin(begun, owner);
                for id in gone {
                    self.close(&call, &id);
                }
                Some(session)
            }
            (Some(session), _) if call.method == Method::DELETE && answer.status().is_success() => {
                sessions.end(session.id());
                None
            }
            (session, _) => session,
        };
        Ok(match session {
            Some(session) => answer.map(|body| self.hold(&call, body, session)),
            None => answer,
        })
    }

    /// Keeps the session in use while `body` is on its way, and ends standing streams at shutdown.
    fn hold(&self, call: &Call, body: Body, session: SessionUse) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let end = match call.method {
            Method::GET => self.layer.shutdown.clone(),
            _ => CancellationToken::new(),
        };
        let held = body.into_data_stream().map(move |chunk| {
            let _ = &session;
            chunk
        });
        Body::from_stream(held.take_until(end.cancelled_owned()))
    }

    /// Closes a session that had to go, as its client would.
    fn close<Answered>(&self, call: &Call, id: &str)
    where
        S: Service<Request<Body>, Response = Response<Answered>> + Clone + Send + 'static,
        S::Future: Send,
    {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = call.uri.clone();
        let Ok(id) = id.parse() else { return };
        request.headers_mut().insert(SESSION_ID, id);
        if let Some(host) = call.host.clone() {
            request.headers_mut().insert(HOST, host);
        }
        let inner = self.inner.clone();
        tokio::spawn(async move {
            if inner.oneshot(request).await.is_err() {
                tracing::debug!("failed to close a session");
            }
        });
    }
}

impl<S, Sent, Answered> Service<Request<Sent>> for HttpService<S>
where
    S: Service<Request<Body>, Response = Response<Answered>> + Clone + Send + 'static,
    S::Future: Send,
    Sent: HttpBody<Data = Bytes> + Send + 'static,
    Sent::Error: Into<axum::BoxError>,
    Answered: HttpBody<Data = Bytes> + Send + 'static,
    Answered::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // The inner service is asked when a request has been admitted.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Sent>) -> Self::Future {
        self.clone().handle(request.map(Body::new)).boxed()
    }
}
