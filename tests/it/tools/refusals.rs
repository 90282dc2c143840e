//! Everything an agent can get wrong: told precisely and all at once, and nothing is stored.

use mcpq::{JobId, TestClient};
use serde_json::{Value, json};

use super::{Agent, jobs};

async fn agent() -> Agent {
    Agent::of(TestClient::without_worker(jobs().build().await.unwrap()))
}

fn submit(arguments: Value) -> Value {
    json!({ "job_type": "count_words", "args": arguments })
}

/// Deep in a list, as texts of JSON cannot be read but values can be.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test(start_paused = true)]
async fn an_unknown_job_type_is_told_with_the_nearest_and_all_others() {
    let agent = agent().await;
    let answer = agent.submit("count_word", json!({})).await;
    let error = &answer["error"];
    assert_eq!(error["code"], "UNKNOWN_JOB_TYPE");
    assert_eq!(error["message"], "unknown job type `count_word`; did you mean `count_words`?");
    assert_eq!(error["details"]["did_you_mean"], "count_words");
    assert_eq!(error["details"]["job_types"][0], "count_words");
    for far_off in ["zzzzzzzz", "", "💥", &"x".repeat(100_000)] {
        let answer = agent.submit(far_off, json!({})).await;
        assert_eq!(answer["error"]["code"], "UNKNOWN_JOB_TYPE", "{far_off:.20}");
        assert_eq!(answer["error"]["details"]["did_you_mean"], Value::Null, "{far_off:.20}");
        assert!(answer.to_string().len() < 2_000, "what was sent is quoted in part");
    }
    assert_eq!(agent.total().await, 0);
}

#[tokio::test(start_paused = true)]
async fn all_that_is_wrong_with_the_arguments_is_told_at_once_with_its_place() {
    let agent = agent().await;
    let wrong =
        json!({ "quarters": 13, "period": { "from": "last year", "until": 3 }, "language": "German", "textt": "x" });
    let (code, faults) = agent.refused("queue_submit", submit(wrong)).await;
    assert_eq!(code, "INVALID_JOB_ARGUMENTS");
    let mut pointers: Vec<&str> = faults.keys().map(String::as_str).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/language", "/period/from", "/quarters", "/text", "/textt"], "{faults:?}");
    assert_eq!(faults["/textt"], "unknown argument; did you mean `text`?");
    assert_eq!(faults["/text"], "it is required");
    assert!(faults["/quarters"].contains("12"), "{faults:?}");

    let answer = agent.call("queue_submit", submit(json!({}))).await;
    let suggestion = answer["error"]["suggestion"].as_str().unwrap();
    assert!(suggestion.contains("matching this schema") && suggestion.contains("\"quarters\""), "{suggestion}");
    assert_eq!(agent.total().await, 0);
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_wrong_argument_is_refused_at_its_place() {
    let agent = agent().await;
    let cases = [
        (json!({ "text": 7 }), "/text"),
        (json!({ "text": null }), "/text"),
        (json!({ "text": "" }), "/text"),
        (json!({ "text": "x".repeat(1001) }), "/text"),
        (json!({ "text": "a", "quarters": 0 }), "/quarters"),
        (json!({ "text": "a", "quarters": 1.5 }), "/quarters"),
        (json!({ "text": "a", "quarters": "4" }), "/quarters"),
        (json!({ "text": "a", "quarters": -1 }), "/quarters"),
        (json!({ "text": "a", "quarters": 1e300 }), "/quarters"),
        (json!({ "text": "a", "quarters": null }), "/quarters"),
        (json!({ "text": "a", "period": [] }), "/period"),
        (json!({ "text": "a", "period": {} }), "/period/from"),
        (json!({ "text": "a", "period": { "from": 70_000 } }), "/period/from"),
        (json!({ "text": "a", "language": "d" }), "/language"),
        (json!({ "text": "a", "a/b~c": 1 }), "/a~1b~0c"),
    ];
    for (arguments, pointer) in cases {
        let (code, faults) = agent.refused("queue_submit", submit(arguments.clone())).await;
        assert_eq!(code, "INVALID_JOB_ARGUMENTS", "{arguments:.100}");
        assert_eq!(faults.keys().collect::<Vec<_>>(), [pointer], "{arguments:.100}: {faults:?}");
        assert!(faults[pointer].len() < 300, "the value itself is not quoted: {faults:?}");
    }
    assert_eq!(agent.total().await, 0);
    let job = agent.call("queue_submit", submit(json!({ "text": "a", "quarters": 4.0 }))).await;
    assert_eq!(job["status"], "pending", "the server goes on");
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_no_object_are_refused() {
    let agent = agent().await;
    for (arguments, kind) in [
        (json!([1]), "a list"),
        (json!("text"), "a text"),
        (json!("{\"text\": \"a\"}"), "a text"),
        (json!(7), "a number"),
        (json!(true), "a boolean"),
    ] {
        let (code, faults) = agent.refused("queue_submit", submit(arguments)).await;
        assert_eq!(code, "VALIDATION_ERROR");
        assert!(faults["/args"].starts_with(&format!("it must be an object, not {kind}")), "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn deep_and_huge_arguments_are_refused_quickly() {
    let agent = agent().await;
    for levels in [65, 100, 1_000] {
        let call = json!({ "job_type": "echo", "args": { "x": nested(levels) } });
        let (code, faults) = agent.refused("queue_submit", call).await;
        assert_eq!(code, "INVALID_JOB_ARGUMENTS");
        assert!(faults[""].contains("nested"), "{faults:?}");
    }
    agent.call("queue_submit", json!({ "job_type": "echo", "args": { "x": nested(64) } })).await["job_id"]
        .as_str()
        .unwrap();

    for huge in [json!({ "x": "y".repeat(5 << 20) }), json!({ "x": vec![0; 2 << 20] })] {
        let answer = agent.call("queue_submit", json!({ "job_type": "echo", "args": huge })).await;
        assert_eq!(answer["error"]["code"], "PAYLOAD_TOO_LARGE");
        assert_eq!(answer["error"]["details"]["limit"], 1 << 20);
        assert!(answer["error"]["details"]["size"].as_u64().unwrap() > 4 << 20);
    }
    let many = Value::Object((0..50_000).map(|n| (format!("unknown_{n}"), json!(1))).collect());
    let answer = agent.call("queue_submit", submit(many)).await;
    assert_eq!(answer["error"]["code"], "INVALID_JOB_ARGUMENTS");
    assert!(answer.to_string().len() < 20_000, "{} bytes", answer.to_string().len());
    assert_eq!(agent.total().await, 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_parameters_are_refused_by_every_tool() {
    let agent = agent().await;
    let id = JobId::new();
    let cases = [
        ("queue_submit", json!({ "job_type": "echo", "arguments": {} }), "/arguments", "`args`"),
        ("queue_submit", json!({ "job_type": "echo", "waitseconds": 1 }), "/waitseconds", "`wait_seconds`"),
        ("queue_status", json!({ "job_id": id, "jobid": id }), "/jobid", "`job_id`"),
        ("queue_result", json!({ "job_id": id, "wait": 1 }), "/wait", "`wait_seconds`"),
        ("queue_cancel", json!({ "job_id": id, "force": true }), "/force", "`job_id`"),
        ("queue_list", json!({ "state": "failed" }), "/state", "`status`"),
        ("queue_retry", json!({ "job_id": id, "x": 1 }), "/x", "`job_id`"),
        ("queue_remove", json!({ "job_id": id, "x": 1 }), "/x", "`job_id`"),
        ("queue_stats", json!({ "verbose": true }), "/verbose", "no parameters"),
    ];
    for (tool, call, pointer, hint) in cases {
        let (code, faults) = agent.refused(tool, call).await;
        assert_eq!(code, "VALIDATION_ERROR", "{tool}");
        assert!(faults[pointer].contains(hint), "{tool}: {faults:?}");
    }
    assert_eq!(agent.total().await, 0);
}

#[tokio::test(start_paused = true)]
async fn every_wrong_parameter_of_a_submit_is_told_at_once() {
    let agent = agent().await;
    let wrong = json!({
        "job_type": "echo",
        "priority": "urgent",
        "queue": 7,
        "delay_seconds": -1,
        "run_at": "tomorrow",
        "timeout": "long",
        "max_retries": 2.5,
        "wait_seconds": 46,
        "retries": 1,
    });
    let (code, faults) = agent.refused("queue_submit", wrong).await;
    assert_eq!((code.as_str(), faults.len()), ("VALIDATION_ERROR", 8), "{faults:?}");
    assert_eq!(faults["/wait_seconds"], "it must be a number of seconds from 0 to 45, not 46");
    assert!(faults["/priority"].contains("`critical`, `high`, `normal`, `low`"), "{faults:?}");
    assert!(faults["/run_at"].contains("RFC 3339"), "{faults:?}");
}

#[tokio::test(start_paused = true)]
async fn parameters_out_of_range_are_refused() {
    let agent = agent().await;
    let cases = [
        ("job_type", json!(7)),
        ("job_type", json!(null)),
        ("priority", json!("HIGH")),
        ("priority", json!(1)),
        ("queue", json!("nowhere")),
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("k".repeat(201))),
        ("idempotency_key", json!(5)),
        ("delay_seconds", json!(-0.5)),
        ("delay_seconds", json!(1e12)),
        ("delay_seconds", json!(1e308)),
        ("run_at", json!("2999-01-01T00:00:00Z")),
        ("run_at", json!(1_700_000_000)),
        ("timeout", json!(0)),
        ("timeout", json!(-1)),
        ("timeout", json!(61)),
        ("max_retries", json!(-1)),
        ("max_retries", json!(4)),
        ("max_retries", json!(1e18)),
        ("wait_seconds", json!(-1)),
        ("wait_seconds", json!(1e300)),
        ("wait_seconds", json!("5")),
        ("wait_seconds", json!([])),
    ];
    for (name, value) in cases {
        let mut call = submit(json!({ "text": "a" }));
        call[name] = value.clone();
        let (code, faults) = agent.refused("queue_submit", call).await;
        assert_eq!(code, "VALIDATION_ERROR", "{name} = {value}");
        assert_eq!(faults.keys().collect::<Vec<_>>(), [&format!("/{name}")], "{name} = {value}");
    }
    let both = json!({ "job_type": "echo", "delay_seconds": 1, "run_at": "2030-01-01T00:00:00Z" });
    assert!(agent.refused("queue_submit", both).await.1.contains_key("/run_at"));
    assert_eq!(agent.total().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_listing_refuses_what_it_cannot_do() {
    let agent = agent().await;
    let cases = [
        ("limit", json!(0)),
        ("limit", json!(-1)),
        ("limit", json!(101)),
        ("limit", json!(u64::MAX)),
        ("limit", json!("10")),
        ("limit", json!(1.5)),
        ("offset", json!(-1)),
        ("offset", json!(10_001)),
        ("status", json!("done")),
        ("status", json!(["failed"])),
        ("job_type", json!(7)),
        ("queue", json!({})),
        ("batch_id", json!("batch")),
        ("cursor", json!("x".repeat(300))),
        ("cursor", json!("💥")),
        ("cursor", json!("no such page")),
        ("cursor", json!(5)),
    ];
    for (name, value) in cases {
        let (code, faults) = agent.refused("queue_list", json!({ name: value })).await;
        assert_eq!(code, "VALIDATION_ERROR", "{name} = {value}");
        assert_eq!(faults.keys().collect::<Vec<_>>(), [&format!("/{name}")], "{name} = {value}");
    }
    let both = agent.refused("queue_list", json!({ "cursor": "5", "offset": 5 })).await;
    assert!(both.1.contains_key("/offset"), "{both:?}");
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_unknown_or_no_ids_are_not_found() {
    let agent = agent().await;
    let unknown = JobId::new().to_string();
    let odd = ["", "7", "not-an-id", "01890000000070008000000000000000", &"a".repeat(10_000), "💥", "../../etc/passwd"];
    for tool in ["queue_status", "queue_result", "queue_cancel", "queue_retry", "queue_remove"] {
        for id in odd.into_iter().chain([unknown.as_str()]) {
            let answer = agent.call(tool, json!({ "job_id": id })).await;
            assert_eq!(answer["error"]["code"], "JOB_NOT_FOUND", "{tool} {id:.20}");
            assert!(answer.to_string().len() < 1_000);
        }
        for no_text in [json!(7), json!(null), json!({}), json!([unknown])] {
            let (code, faults) = agent.refused(tool, json!({ "job_id": no_text })).await;
            assert_eq!(code, "VALIDATION_ERROR", "{tool} {no_text}");
            assert!(faults.contains_key("/job_id"));
        }
        let (code, faults) = agent.refused(tool, json!({})).await;
        assert_eq!((code.as_str(), faults["/job_id"].as_str()), ("VALIDATION_ERROR", "it is required"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_not_there_is_told_to_the_model() {
    let agent = agent().await;
    let answer = agent.call("queue_frobnicate", json!({})).await;
    assert_eq!(answer["error"]["code"], "VALIDATION_ERROR");
    assert!(answer["error"]["message"].as_str().unwrap().contains("`queue_submit`"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_as_a_matter_of_time() {
    let store = crate::support::Faulty::default();
    let queue = jobs().store(store.clone()).build().await.unwrap();
    let agent = Agent::of(TestClient::without_worker(queue));
    store.fail(&[crate::support::Op::Insert, crate::support::Op::Get], crate::support::Fault::Before);
    for answer in [
        agent.submit("echo", json!({})).await,
        agent.call("queue_status", json!({ "job_id": JobId::new() })).await,
        agent.call("queue_cancel", json!({ "job_id": JobId::new() })).await,
    ] {
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["retryable"]), (&json!("STORE_UNAVAILABLE"), &json!(true)), "{answer}");
        assert_eq!(error["details"]["retry_after_seconds"], 5.0);
    }
    store.heal();
    assert_eq!(agent.submit("echo", json!({})).await["status"], "pending");
}
