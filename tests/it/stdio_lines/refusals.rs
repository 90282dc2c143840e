//! Lines that are no message, and messages that want no answer.

use serde_json::{Value, json};

use super::Client;

#[tokio::test]
async fn malformed_json_is_a_parse_error() {
    let mut client = Client::open(|transport| transport).await;
    for line in [
        "hello",
        "{",
        r#"{"jsonrpc":"2.0","id":1,"method":"ping""#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {"jsonrpc":"2.0","id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#,
    ] {
        let message = client.is_refused(line, -32700, Value::Null).await;
        assert!(message.starts_with("the message is not valid JSON: "), "{message}");
    }
}

#[tokio::test]
async fn invalid_utf8_is_a_parse_error() {
    let mut client = Client::open(|transport| transport).await;
    let message = client.is_refused(b"{\"id\":\"\xff\"}", -32700, Value::Null).await;
    assert_eq!(message, "the message is not valid UTF-8 at byte 7");
}

#[tokio::test]
async fn deep_nesting_is_served_up_to_the_limit_and_refused_beyond() {
    let mut client = Client::open(|transport| transport).await;
    let nested = |levels: usize| {
        // Three levels are the message, its params and its arguments.
        let deep = "[".repeat(levels - 3) + &"]".repeat(levels - 3);
        format!(
            r#"{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"echo","arguments":{{"a":{deep}}}}},"id":5}}"#
        )
    };
    client.send(nested(127)).await;
    assert_eq!(client.receive().await["result"]["isError"], false);
    let message = client.is_refused(nested(128), -32600, json!(5)).await;
    assert!(message.contains("nested deeper than 127 levels"), "{message}");
    client.is_refused(nested(100_000), -32600, json!(5)).await;
    client.is_refused("[".repeat(1000), -32600, Value::Null).await;
    client.send(nested(200).replace(r#","id":5"#, "")).await;
    client.is_silent().await;
}

#[tokio::test]
async fn what_is_no_json_rpc_message_is_an_invalid_request() {
    let mut client = Client::open(|transport| transport).await;
    for (line, id, says) in [
        ("5", Value::Null, "must be a JSON object"),
        ("[]", Value::Null, "batches"),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Value::Null, "batches"),
        ("{}", Value::Null, "`method`"),
        (r#"{"foo":"bar"}"#, Value::Null, "`method`"),
        (r#"{"jsonrpc":"2.0","id":1}"#, json!(1), "must have a `method`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, json!(1), "`method` must be a string"),
        (r#"{"jsonrpc":"2.0","method":5}"#, Value::Null, "`method` must be a string"),
        (r#"{"id":"a","method":"ping"}"#, json!("a"), "`jsonrpc`"),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, json!(1), "`jsonrpc`"),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, json!(1), "`jsonrpc`"),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Value::Null, "`id` must be"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Value::Null, "`id` must be"),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, Value::Null, "`id` must be"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, Value::Null, "`result`"),
    ] {
        let message = client.is_refused(line, -32600, id).await;
        assert!(message.contains(says), "{line}: {message}");
    }
}

#[tokio::test]
async fn params_that_do_not_fit_a_known_method_are_invalid_params() {
    let mut client = Client::open(|transport| transport).await;
    for (method, params, says) in [
        ("tools/call", r#"{"arguments":{}}"#, "the params of `tools/call` do not fit: missing field `name`"),
        ("tools/call", r#"{"name":5}"#, "invalid type"),
        ("tools/call", r#"{"name":"echo","arguments":[]}"#, "invalid type"),
        ("tools/call", "[]", "the params of `tools/call` must be an object"),
        ("tools/call", r#"{"name":"echo","_meta":5}"#, "`_meta`"),
        ("tools/list", "5", "the params of `tools/list` must be an object"),
        ("ping", "[]", "the params of `ping` must be an object"),
        ("resources/read", "{}", "missing field `uri`"),
        ("resources/subscribe", "{}", "missing field `uri`"),
        ("prompts/get", "{}", "missing field `name`"),
        ("completion/complete", "{}", "missing field"),
        ("logging/setLevel", r#"{"level":"loud"}"#, "unknown variant"),
        ("initialize", "{}", "missing field `protocolVersion`"),
        ("no/such/method", "5", "the params of `no/such/method` must be an object"),
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"{method}","params":{params}}}"#);
        let message = client.is_refused(line, -32602, json!(3)).await;
        assert!(message.contains(says), "{method} {params}: {message}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_was_sent_at_length() {
    let mut client = Client::open(|transport| transport).await;
    let long = "x".repeat(100_000);
    let line =
        format!(r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{{"name":"a","arguments":"{long}"}}}}"#);
    assert!(client.is_refused(line, -32602, json!(3)).await.len() < 300);
    let line = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"{long}","params":[]}}"#);
    assert!(client.is_refused(line, -32602, json!(3)).await.len() < 300);
}

#[tokio::test]
async fn unknown_methods_still_reach_the_server() {
    let mut client = Client::open(|transport| transport).await;
    for line in [
        r#"{"jsonrpc":"2.0","id":3,"method":"no/such/method","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tasks/get","params":{"taskId":5}}"#,
    ] {
        client.is_refused(line, -32601, json!(3)).await;
    }
}

#[tokio::test]
async fn broken_notifications_and_responses_are_not_answered() {
    let mut client = Client::open(|transport| transport).await;
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/unheard-of","params":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":5}"#,
        r#"{"jsonrpc":"1.0","method":"notifications/progress","params":{}}"#,
        r#"{"method":"textDocument/didOpen"}"#,
        r#"{"jsonrpc":"2.0","id":99,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":99,"result":5}"#,
        r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        r#"{"id":99,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":99,"error":{"code":-1,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":99,"error":"no"}"#,
        r#"{"jsonrpc":"2.0","error":5}"#,
    ] {
        client.send(line).await;
        client.is_silent().await;
    }
}

#[tokio::test]
async fn blank_lines_crlf_and_a_byte_order_mark_do_no_harm() {
    let mut client = Client::start(|transport| transport);
    client.write("\u{feff}\r\n").await;
    assert_eq!(client.receive().await["error"]["code"], -32700);
    client.write("\n\r\n  \t\n").await;
    client.write("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n").await;
    assert_eq!(client.receive().await["id"], 1);
    client.initialize().await;
}
