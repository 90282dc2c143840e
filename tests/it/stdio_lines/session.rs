//! From before the session to its end.

use std::fmt::Write as _;

use mcpq::transport::StdioTransport;
use rmcp::{
    ServiceExt,
    service::{QuitReason, ServerInitializeError},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex, split},
    time::timeout,
};

use super::{Client, PATIENCE, call};
use crate::echo::Echo;

/// What makes a request independent of `initialize`.
const META: &str =
    r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

#[tokio::test]
async fn nothing_before_initialize_ends_the_server() {
    let mut client = Client::start(|transport| transport.max_line_bytes(1000));
    client.is_refused("hello", -32700, Value::Null).await;
    client.is_refused("[]", -32600, Value::Null).await;
    client.is_refused(call(&json!(1), &"x".repeat(1000)), -32600, json!(1)).await;
    client.is_refused(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#, -32602, json!(2)).await;
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#,
    ] {
        client.send(line).await;
        client.is_silent().await;
    }
    let discover = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{{"_meta":{META}}}}}"#);
    client.send(discover).await;
    assert_eq!(client.receive().await["result"]["resultType"], "complete");
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#).await;
    client.is_silent().await;
    client.initialize().await;
    client.is_silent().await;
}

#[tokio::test]
async fn a_session_without_initialize_survives_a_refused_version() {
    let mut client = Client::start(|transport| transport);
    let list = |meta: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#);
    client.send(list(&META.replace("2026-07-28", "2099-01-01"))).await;
    assert_eq!(client.receive().await["error"]["code"], -32022);
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#).await;
    client.send(list(META)).await;
    assert_eq!(client.receive().await["result"]["tools"][0]["name"], "echo");
    client.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#).await;
    client.send("hello").await;
    assert_eq!(client.receive().await["error"]["code"], -32700);
    client.send(list(META)).await;
    assert_eq!(client.receive().await["id"], 1);
    assert!(matches!(client.finish().await, Ok(QuitReason::Closed)));
}

#[tokio::test]
async fn answers_under_way_are_written_before_the_end() {
    let mut client = Client::open(|transport| transport).await;
    for id in 0..100 {
        client.write(call(&json!(id), "x") + "\n").await;
    }
    client.to.shutdown().await.expect("the input ends");
    let mut rest = String::new();
    let read = client.from.get_mut().read_to_string(&mut rest);
    timeout(PATIENCE, read).await.expect("the output ends").expect("it is text");
    assert_eq!(rest.lines().count(), 100);
    assert!(rest.ends_with('\n'));
    assert!(matches!(client.server.await.expect("no panic"), Ok(QuitReason::Closed)));
}

#[tokio::test]
async fn a_last_line_without_a_break_is_served() {
    for (line, code) in
        [(r#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#, -32601), (r#"{"jsonrpc":"2.0","id":1,"meth"#, -32700)]
    {
        let mut client = Client::open(|transport| transport).await;
        client.write(line).await;
        client.to.shutdown().await.expect("the input ends");
        assert_eq!(client.receive().await["error"]["code"], code);
        assert!(matches!(client.finish().await, Ok(QuitReason::Closed)));
    }
}

#[tokio::test]
async fn the_end_of_input_before_initialize_ends_the_server() {
    let mut client = Client::start(|transport| transport);
    client.is_refused("hello", -32700, Value::Null).await;
    assert!(matches!(client.finish().await, Err(ServerInitializeError::ConnectionClosed(_))));
}

#[tokio::test]
async fn refusals_and_answers_never_mix_within_a_line() {
    // A pipe of a few bytes suspends every write half-way, and answers interrupt every read.
    let mut client = Client::with_pipe(7, |transport| transport.max_line_bytes(300));
    client.initialize().await;
    let mut input = String::new();
    for id in 0..200 {
        writeln!(input, "{}", call(&json!(id), "x")).expect("strings take all");
        writeln!(input, "{}", call(&json!(id + 1000), &"x".repeat(300))).expect("strings take all");
        input.push_str("hello\n");
    }
    let Client { mut to, mut from, server } = client;
    let writer = tokio::spawn(async move {
        to.write_all(input.as_bytes()).await.expect("the server reads");
        to
    });
    let (mut served, mut too_long, mut malformed) = (0, 0, 0);
    for _ in 0..600 {
        let line = timeout(PATIENCE, from.next_line()).await.expect("the server answers");
        let line = line.expect("the server lives").expect("the server has not closed");
        let answer: Value = serde_json::from_str(&line).expect("a whole line");
        match answer["error"]["code"].as_i64() {
            None => served += 1,
            Some(-32600) if answer["id"].as_i64() >= Some(1000) => too_long += 1,
            Some(-32700) => malformed += 1,
            Some(code) => panic!("unexpected {code}"),
        }
    }
    assert_eq!((served, too_long, malformed), (200, 200, 200));
    drop((writer.await.expect("no panic"), from));
    assert!(server.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn the_rmcp_client_is_served() {
    let (near, far) = duplex(1024);
    let (read, write) = split(far);
    let server = tokio::spawn(Echo::default().serve(StdioTransport::new(read, write)));
    let client = ().serve(near).await.expect("the handshake succeeds");
    assert_eq!(client.list_all_tools().await.expect("tools").len(), 2);
    client.cancel().await.expect("the client ends");
    let server = server.await.expect("no panic").expect("the handshake succeeds");
    assert!(matches!(server.waiting().await, Ok(QuitReason::Closed)));
}
