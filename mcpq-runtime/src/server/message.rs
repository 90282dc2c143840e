//! Reads one JSON-RPC message as rmcp would, and says precisely why where it cannot be read.
//!
//! rmcp's own transports answer an unreadable message with silence, with plain text or with an
//! error that names no request. Here each becomes a JSON-RPC error, with the request's id wherever
//! that is certain.

mod params;
mod scan;

use rmcp::{
    ErrorData,
    model::{ClientJsonRpcMessage, RequestId},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use scan::Scan;

/// Levels of nesting that serde_json reads.
const MAX_DEPTH: usize = 127;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A message that cannot be served.
#[derive(Debug)]
pub(crate) struct Refusal {
    id: Option<RequestId>,
    error: ErrorData,
    answerable: bool,
}

impl Refusal {
    /// Something that is no JSON-RPC request, or none that can be told from another.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(None, ErrorData::invalid_request(message.into(), None))
    }

    /// A message longer than `limit` bytes, of which only a scan is left.
    pub(crate) fn too_long(limit: usize, scan: &Scan) -> Self {
        let message = format!("the message is longer than the limit of {limit} bytes; send less in one message");
        let limit = json!({ "limitBytes": limit });
        Self::scanned(ErrorData::invalid_request(message, Some(limit)), scan)
    }

    fn new(id: Option<RequestId>, error: ErrorData) -> Self {
        Self { id, error, answerable: true }
    }

    fn scanned(error: ErrorData, scan: &Scan) -> Self {
        Self { id: scan.id(), error, answerable: !scan.wants_no_answer() }
    }

    fn unanswerable(message: &str) -> Self {
        Self { answerable: false, ..Self::invalid(message) }
    }

    /// Whether it may be answered where messages flow both ways: a notification and a response
    /// may not, however broken they are.
    pub(crate) fn is_answerable(&self) -> bool {
        self.answerable
    }

    /// The JSON-RPC error code.
    pub(crate) fn code(&self) -> i32 {
        self.error.code.0
    }

    /// The JSON-RPC error response; its id is null where the request is not known.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        json!({ "jsonrpc": "2.0", "id": self.id, "error": self.error }).to_string().into_bytes()
    }
}

/// The message in `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<ClientJsonRpcMessage, Refusal> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("the message is not valid UTF-8 at byte {}", error.valid_up_to());
        Refusal::new(None, ErrorData::parse_error(message, None))
    })?;
    let message = serde_json::from_str(text).map_err(|_| refuse(text))?;
    match params::misfit(&message) {
        Some((id, fault)) => Err(Refusal::new(Some(id), ErrorData::invalid_params(fault, None))),
        None => Ok(message),
    }
}

/// Why rmcp cannot read `text`.
fn refuse(text: &str) -> Refusal {
    let error = match serde_json::from_str(text) {
        Ok(Value::Object(message)) => return refuse_object(&message),
        Ok(Value::Array(_)) => {
            return Refusal::invalid("batches are not served; send each message by itself");
        }
        Ok(_) => return Refusal::invalid("a message must be a JSON object"),
        Err(error) => error,
    };
    let scan = Scan::of(text.as_bytes());
    if scan.deepest() > MAX_DEPTH {
        let message = format!("the message is nested deeper than {MAX_DEPTH} levels; send deep data as a JSON string");
        return Refusal::scanned(ErrorData::invalid_request(message, None), &scan);
    }
    let message = format!("the message is not valid JSON: {error}");
    Refusal::new(None, ErrorData::parse_error(message, None))
}

fn refuse_object(message: &Map<String, Value>) -> Refusal {
    let id = message.get("id").map(|id| RequestId::deserialize(id).ok());
    let invalid = |text: &'static str| Refusal::new(id.clone().flatten(), ErrorData::invalid_request(text, None));
    let answers = message.contains_key("result") || message.contains_key("error");
    let method = match message.get("method") {
        Some(Value::String(method)) => method,
        Some(_) => return invalid("`method` must be a string"),
        None if answers => {
            return Refusal::unanswerable("the response does not have the shape of JSON-RPC 2.0");
        }
        None => return invalid("a request must have a `method`"),
    };
    // Whether the id is the client's own or the server's cannot be told: it is not repeated.
    if answers {
        return Refusal::invalid("a message with a `method` cannot have a `result` or an `error`");
    }
    match &id {
        None => Refusal::unanswerable("the notification does not have the shape of JSON-RPC 2.0"),
        Some(None) => invalid("`id` must be a string or an integer"),
        Some(Some(_)) if message.get("jsonrpc") != Some(&Value::from("2.0")) => invalid("`jsonrpc` must be \"2.0\""),
        Some(known) => {
            let fault = params::fault(method, message.get("params"));
            Refusal::new(known.clone(), ErrorData::invalid_params(fault, None))
        }
    }
}
