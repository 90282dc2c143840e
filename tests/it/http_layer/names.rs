//! Whom a request may name, and where it may come from.

use mcpq::http_layer;
use reqwest::{
    Method,
    header::{HOST, ORIGIN},
};
use serde_json::Value;

use super::{Served, refusal};

#[tokio::test]
async fn only_named_hosts_are_served() {
    let layer = http_layer().allow_host("jobs.example.com").allow_host("other.example:8080");
    let served = Served::start(layer.clone()).await;
    let status = async |host: &str| {
        let request = served.request(Method::PUT).header(HOST, host);
        request.send().await.expect("an answer").status().as_u16()
    };
    // PUT is nothing to MCP: 405 is from behind the layer.
    for host in [
        "localhost",
        "LocalHost:1234",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:8080",
        "jobs.example.com",
        "Jobs.Example.com:444",
        "other.example:8080",
    ] {
        assert_eq!(status(host).await, 405, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.2",
        "[::2]",
        "other.example",
        "other.example:8081",
        "user@localhost",
    ] {
        assert_eq!(status(host).await, 403, "{host}");
    }
    let answer = served.post("{}").header(HOST, "evil.example:80").send().await.expect("an answer");
    let error = refusal(answer, 403, -32600, Value::Null).await;
    assert_eq!(error["message"], "the Host `evil.example:80` is not allowed; name it in the setting `allow_host`");
    let twice = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert!(served.raw(twice).await.starts_with("HTTP/1.1 403 "));
    assert!(served.raw("GET /mcp HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 403 "));
    served.stop().await;

    let served = Served::start(layer.allow_any_host()).await;
    let answer = served.request(Method::PUT).header(HOST, "evil.example").send();
    assert_eq!(answer.await.expect("an answer").status(), 405);
    served.stop().await;
}

#[tokio::test]
async fn only_named_origins_are_served() {
    let layer = http_layer()
        .allow_origin("https://app.example.com")
        .allow_origin("http://dev.example:*")
        .allow_origin("custom://thing:5")
        .allow_origin("nonsense");
    let served = Served::start(layer.clone()).await;
    let status = async |origin: &str| {
        let request = served.request(Method::PUT).header(ORIGIN, origin);
        request.send().await.expect("an answer").status().as_u16()
    };
    for origin in [
        "http://localhost",
        "http://localhost:5173",
        "https://127.0.0.1:8443",
        "http://[::1]:80",
        "https://app.example.com",
        "https://App.example.com:443",
        "http://dev.example",
        "http://dev.example:81",
        "custom://thing:5",
    ] {
        assert_eq!(status(origin).await, 405, "{origin}");
    }
    for origin in [
        "http://evil.example",
        "http://localhost.evil.example",
        "null",
        "",
        "localhost",
        "nonsense",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://dev.example",
        "file://localhost",
        "custom://thing",
    ] {
        assert_eq!(status(origin).await, 403, "{origin}");
    }
    let answer = served.post("{}").header(ORIGIN, "http://evil.example").send().await.expect("an answer");
    let error = refusal(answer, 403, -32600, Value::Null).await;
    assert_eq!(
        error["message"],
        "the Origin `http://evil.example` is not allowed; name it in the setting `allow_origin`"
    );
    served.stop().await;

    let served = Served::start(layer.allow_origin("null")).await;
    let answer = served.request(Method::PUT).header(ORIGIN, "null").send();
    assert_eq!(answer.await.expect("an answer").status(), 405);
    served.stop().await;
}
