//! Requests of a known method whose params rmcp cannot read.

#[expect(deprecated, reason = "clients of older protocol versions still set a log level")]
use rmcp::model::SetLevelRequestParams;
use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, CompleteRequestParams, CustomRequest,
    GetPromptRequestParams, InitializeRequestParams, JsonRpcMessage, ReadResourceRequestParams, RequestId,
    SubscribeRequestParams, SubscriptionsListenRequestParams, UnsubscribeRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// As much of serde's message as is repeated: it can quote the value it did not want.
const MAX_REASON: usize = 200;

/// The id and the fault of a request that rmcp took for one of an unknown method, although it
/// knows the method, because the params do not fit. It would answer "method not found".
pub(super) fn misfit(message: &ClientJsonRpcMessage) -> Option<(RequestId, String)> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    let ClientRequest::CustomRequest(custom) = &request.request else {
        return None;
    };
    let reason = reason(custom)?;
    let reason: String = reason.chars().take(MAX_REASON).collect();
    Some((request.id.clone(), format!("the params of `{}` do not fit: {reason}", custom.method)))
}

/// The fault of a request whose `params` cannot be read whatever its method is.
pub(super) fn fault(method: &str, params: Option<&Value>) -> String {
    let method: String = method.chars().take(MAX_REASON).collect();
    match params {
        Some(Value::Object(_)) => format!("`_meta` in the params of `{method}` must be an object"),
        _ => format!("the params of `{method}` must be an object"),
    }
}

#[expect(deprecated, reason = "see the import")]
fn reason(request: &CustomRequest) -> Option<String> {
    let check = match request.method.as_str() {
        "initialize" => check::<InitializeRequestParams>,
        "tools/call" => check::<CallToolRequestParams>,
        "prompts/get" => check::<GetPromptRequestParams>,
        "resources/read" => check::<ReadResourceRequestParams>,
        "resources/subscribe" => check::<SubscribeRequestParams>,
        "resources/unsubscribe" => check::<UnsubscribeRequestParams>,
        "subscriptions/listen" => check::<SubscriptionsListenRequestParams>,
        "completion/complete" => check::<CompleteRequestParams>,
        "logging/setLevel" => check::<SetLevelRequestParams>,
        _ => return None,
    };
    check(request.params.clone().unwrap_or(Value::Object(Map::new())))
}

fn check<P: DeserializeOwned>(params: Value) -> Option<String> {
    serde_json::from_value::<P>(params).err().map(|error| error.to_string())
}
