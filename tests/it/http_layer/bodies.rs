//! Bodies that are no message, or too long.

use mcpq::http_layer;
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap},
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

use super::{POST, Served, message, refusal};

#[tokio::test]
async fn a_body_that_is_no_message_is_a_json_rpc_error() {
    let served = Served::start(http_layer()).await;
    let deep = |levels: usize| {
        let params = format!("{}{}", r#"{"a":"#.repeat(levels) + "1", "}".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{params},"id":7}}"#)
    };
    for (body, code, id, says) in [
        ("hello".to_owned(), -32700, Value::Null, "not valid JSON"),
        (String::new(), -32700, Value::Null, "not valid JSON"),
        (deep(127), -32600, json!(7), "nested deeper than 127 levels"),
        ("[]".to_owned(), -32600, Value::Null, "batches"),
        (format!("[{}]", message(json!(1), "ping", json!({}))), -32600, Value::Null, "batches"),
        (r#"{"id":1,"method":"ping"}"#.to_owned(), -32600, json!(1), "`jsonrpc`"),
        (r#"{"jsonrpc":"2.0","method":"ping","params":5}"#.to_owned(), -32600, Value::Null, ""),
        (r#"{"jsonrpc":"2.0","id":1,"result":5,"error":5}"#.to_owned(), -32600, Value::Null, ""),
        (message(json!(2), "tools/call", json!({})), -32602, json!(2), "missing field `name`"),
    ] {
        let said = served.is_refused(body.clone(), 400, code, id).await;
        assert!(said.contains(says), "{body}: {said}");
    }
    served.is_refused(vec![b'"', 0xff, b'"'], 400, -32700, Value::Null).await;
    served.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whole() {
    let body = message(json!(1), "ping", json!({"a": "x".repeat(1000)}));
    let served = Served::start(http_layer().max_body_bytes(body.len())).await;
    // Served, if it were for a session.
    assert_eq!(served.post(body.clone()).send().await.expect("an answer").status(), 400);
    let answer = served.post(body.clone() + " ").send().await.expect("an answer");
    let error = refusal(answer, 413, -32600, Value::Null).await;
    assert_eq!(error["data"], json!({"limitBytes": body.len()}));
    // So long that a client whose bytes are not read would not come to read the answer.
    let long = "x".repeat(32 * 1024 * 1024);
    let head = format!("{POST}Content-Length: {}\r\n\r\n", long.len());
    assert!(served.raw(&(head + &long)).await.starts_with("HTTP/1.1 413 "));
    served.stop().await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_at_the_limit() {
    let served = Served::start(http_layer().max_body_bytes(100)).await;
    let chunk = format!("40\r\n{}\r\n", " ".repeat(64));
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(100_000));
    assert!(served.raw(&chunked).await.starts_with("HTTP/1.1 413 "));
    // A client that asks is not made to send.
    let asks = format!("{POST}Expect: 100-continue\r\nContent-Length: 101\r\n\r\n");
    assert!(served.raw(&asks).await.starts_with("HTTP/1.1 413 "));
    served.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let served = Served::start(http_layer()).await;
    let mut stream = TcpStream::connect(served.address).await.expect("a connection");
    let request = format!("{POST}Content-Length: 10\r\n\r\n{{");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn the_default_limit_is_four_mebibytes() {
    let served = Served::start(http_layer()).await;
    let ping = message(json!(1), "ping", json!({}));
    let fits = " ".repeat(4 * 1024 * 1024 - ping.len()) + &ping;
    // No longer a question of length: it belongs to no session.
    assert_eq!(served.post(fits.clone()).send().await.expect("an answer").status(), 400);
    served.is_refused(fits + " ", 413, -32600, Value::Null).await;
    served.stop().await;
}

#[tokio::test]
async fn other_content_types_and_refusals_of_rmcp_pass_as_they_are() {
    let served = Served::start(http_layer()).await;
    let text = served.request(Method::POST).header(CONTENT_TYPE, "text/plain").body("hello").send();
    assert_eq!(text.await.expect("an answer").status(), 415);
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, "text/html".parse().expect("a value"));
    let html = served.post(message(json!(1), "ping", json!({}))).headers(headers).send();
    assert_eq!(html.await.expect("an answer").status(), 406);
    served.stop().await;
}
