//! Keeps from rmcp what would end its server before the session is open.

use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, GetMeta, JsonRpcMessage, ProtocolVersion, RequestId,
    ServerJsonRpcMessage,
};

/// How far the client has come. Until the session is open, rmcp answers requests, but takes a
/// notification or a response for a reason to give up.
#[derive(Debug, Default)]
pub(super) enum Opening {
    #[default]
    Waiting,
    /// This request opens the session, unless its protocol version is refused.
    Asked(RequestId),
    Done,
}

impl Opening {
    /// Whether rmcp may see this message now.
    pub(super) fn admits(&mut self, message: &ClientJsonRpcMessage) -> bool {
        if matches!(self, Self::Asked(_)) {
            // Before the session is open rmcp reads on only after it has answered.
            *self = Self::Done;
        }
        match (&*self, message) {
            (Self::Waiting, JsonRpcMessage::Request(request)) => {
                if opens(&request.request) {
                    *self = Self::Asked(request.id.clone());
                }
                true
            }
            (Self::Waiting, _) => false,
            _ => true,
        }
    }

    /// Learns from an answer.
    pub(super) fn sent(&mut self, message: &ServerJsonRpcMessage) {
        if let (Self::Asked(asked), JsonRpcMessage::Error(error)) = (&*self, message)
            && error.id.as_ref() == Some(asked)
            && error.error.code == ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        {
            *self = Self::Waiting;
        }
    }
}

/// Whether a request opens the session: `initialize`, or any that brings its own metadata but the
/// probes that rmcp answers by the way.
fn opens(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        other => other.get_meta().missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty(),
    }
}
