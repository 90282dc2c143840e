//! What a request must be to pass.

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, EXPECT},
};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetMeta, JsonRpcMessage, ProtocolVersion};

use super::{
    HttpLayer,
    body::{self, Fault},
    sessions::SessionUse,
};
use crate::{
    job::Owner,
    server::message::{self, Refusal, Scan},
};

pub(super) const SESSION_ID: &str = "mcp-session-id";

/// A request that may pass.
pub(super) struct Admitted {
    pub(super) request: Request<Body>,
    pub(super) owner: Owner,
    /// The session it belongs to.
    pub(super) session: Option<SessionUse>,
}

/// A request that may not.
pub(super) struct Refused {
    status: StatusCode,
    refusal: Refusal,
}

impl HttpLayer {
    pub(super) async fn admit(&self, request: Request<Body>) -> Result<Admitted, Refused> {
        let refused = self.hosts.refuse(request.uri(), request.headers());
        if let Some(reason) = refused.or_else(|| self.origins.refuse(request.headers())) {
            return Err(Refused::new(StatusCode::FORBIDDEN, Refusal::invalid(reason)));
        }
        let (request, needs_session) = self.admit_body(request).await?;
        let owner = request.extensions().get::<Owner>().cloned().unwrap_or_default();
        let session = match session_id(request.headers()) {
            Some(id) if needs_session => Some(self.sessions.enter(id, &owner).ok_or_else(Refused::no_session)?),
            _ => None,
        };
        Ok(Admitted { request, owner, session })
    }

    /// The request with its body in memory, if it is a message; and whether a session id in it
    /// counts.
    async fn admit_body(&self, request: Request<Body>) -> Result<(Request<Body>, bool), Refused> {
        if request.method() != Method::POST || !is_json(request.headers()) {
            return Ok((request, true));
        }
        let (parts, body) = request.into_parts();
        let asks = parts.headers.contains_key(EXPECT);
        let limit = self.max_body_bytes;
        let body = body::collect(body, limit, asks).await;
        let body = body.map_err(|fault| Refused::unread(fault, limit))?;
        let message = message::read(&body).map_err(|refusal| Refused::new(StatusCode::BAD_REQUEST, refusal))?;
        Ok((Request::from_parts(parts, Body::from(body)), !stands_alone(&message)))
    }
}

impl Refused {
    fn new(status: StatusCode, refusal: Refusal) -> Self {
        Self { status, refusal }
    }

    /// The same for sessions of others and sessions that never were.
    fn no_session() -> Self {
        let refusal = Refusal::invalid("there is no such session; send `initialize` to begin one");
        Self::new(StatusCode::NOT_FOUND, refusal)
    }

    fn unread(fault: Fault, limit: usize) -> Self {
        let (status, refusal) = match fault {
            Fault::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, Refusal::too_long(limit, &Scan::default())),
            Fault::Stalled => (StatusCode::REQUEST_TIMEOUT, Refusal::invalid("the body did not arrive; send it again")),
            Fault::Broken(error) => {
                let reason = format!("the body could not be read: {error}");
                (StatusCode::BAD_REQUEST, Refusal::invalid(reason))
            }
        };
        Self::new(status, refusal)
    }

    /// A JSON-RPC error as an HTTP response.
    pub(super) fn into_response(self) -> Response<Body> {
        let Self { status, refusal } = self;
        tracing::debug!(%status, code = refusal.code(), "refused a request");
        let mut response = Response::new(Body::from(refusal.to_json()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

pub(super) fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_ID)?.to_str().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether a message brings all that a session would tell, so that rmcp looks for none.
fn stands_alone(message: &ClientJsonRpcMessage) -> bool {
    let JsonRpcMessage::Request(request) = message else {
        return false;
    };
    if matches!(request.request, ClientRequest::InitializeRequest(_)) {
        return false;
    }
    request.request.get_meta().missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
}
