//! Lines that are too long to be kept.

use serde_json::{Value, json};

use super::{Client, call};

#[tokio::test]
async fn a_line_of_the_limit_is_served_and_one_byte_more_is_refused() {
    let line = call(&json!(1), "x");
    let mut client = Client::open(|transport| transport.max_line_bytes(line.len() + 200)).await;
    let room = "x".repeat(201);
    client.send(call(&json!(1), &room)).await;
    assert_eq!(client.receive().await["id"], 1);
    let message = client.is_refused(call(&json!(2), &(room + "x")), -32600, json!(2)).await;
    assert!(message.contains(&format!("{} bytes", line.len() + 200)), "{message}");
}

#[tokio::test]
async fn the_refusal_of_a_long_line_names_the_limit() {
    let mut client = Client::open(|transport| transport.max_line_bytes(1000)).await;
    client.send(call(&json!("a"), &"x".repeat(1000))).await;
    assert_eq!(client.receive().await["error"]["data"], json!({"limitBytes": 1000}));
}

#[tokio::test]
async fn a_long_line_is_answered_with_its_id_wherever_it_stands() {
    let mut client = Client::open(|transport| transport.max_line_bytes(1000)).await;
    let long = "x".repeat(5000);
    let tricky = r#"\"id\":9,{[}]\\\\"#;
    let params = format!(r#"{{"name":"echo","arguments":{{"id":8,"text":"{tricky}{long}"}}}}"#);
    for (line, id) in [
        (format!(r#"{{"id":1,"method":"tools/call","params":{params}}}"#), json!(1)),
        (format!(r#"{{"method":"tools/call","params":{params},"id": "b" }}"#), json!("b")),
        (format!(r#"{{"method":"tools/call","params":{params},"id":-7}}"#), json!(-7)),
        // Which of two is meant, and what an escaped key means, is not certain.
        (format!(r#"{{"id":1,"method":"tools/call","params":{params},"id":2}}"#), Value::Null),
        (format!(r#"{{"id":1,"method":"x","\u0069d":2,"params":{params}}}"#), Value::Null),
        (format!(r#"{{"id":1.5,"method":"tools/call","params":{params}}}"#), Value::Null),
        (format!(r#"{{"id":{{"id":1}},"method":"tools/call","params":{params}}}"#), Value::Null),
        (format!(r#"{{"id":1,"params":{params}}}"#), Value::Null),
        (format!(r#"[{{"id":1,"method":"tools/call","params":{params}}}]"#), Value::Null),
        (format!(r#"{{"id":1,"method":"tools/call","params":{params}"#), Value::Null),
        (long.clone(), Value::Null),
    ] {
        client.is_refused(line, -32600, id).await;
    }
}

#[tokio::test]
async fn a_long_notification_or_response_is_not_answered() {
    let mut client = Client::open(|transport| transport.max_line_bytes(1000)).await;
    let long = "x".repeat(5000);
    client.send(format!(r#"{{"jsonrpc":"2.0","method":"notifications/x","params":{{"x":"{long}"}}}}"#)).await;
    client.is_silent().await;
    client.send(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"x":"{long}"}}}}"#)).await;
    client.is_silent().await;
    client.send(format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":1,"message":"{long}"}}}}"#)).await;
    client.is_silent().await;
}

#[tokio::test]
async fn a_line_far_over_the_default_limit_is_read_to_its_end() {
    let mut client = Client::open(|transport| transport).await;
    let part = "x".repeat(1024 * 1024);
    client.write(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":""#).await;
    for _ in 0..12 {
        client.write(&part).await;
    }
    client.is_refused(r#""},"id":1}"#, -32600, json!(1)).await;
}
