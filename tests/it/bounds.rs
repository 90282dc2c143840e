//! What nobody can blow up: answers to hostile input, durations, a listing's page, the schema of the submit tool.

use std::time::Duration;

use mcpq::{BuildError, EventKind, JobError, StartError, TestClient};
use serde_json::{Map, Value, json};

use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, job, options, started, submit};

const YEARS: Duration = Duration::MAX;

fn strict() -> mcpq::JobDefinition {
    let schema = json!({ "properties": { "a": { "type": "integer" } }, "additionalProperties": false });
    mcpq::JobDefinition::from_fn("strict", "Takes one number.", schema, |_| async { Ok(Value::Null) })
}

#[tokio::test]
async fn an_error_does_not_grow_with_the_names_that_a_caller_makes_up() {
    let client = TestClient::without_worker(builder().job(strict()).build().await.unwrap());
    let long: Map<String, Value> = [("k".repeat(900_000), json!(1))].into_iter().collect();
    let many: Map<String, Value> = (0..90_000).map(|n| (format!("k{n}"), json!(1))).collect();
    for args in [long, many] {
        let answer = client.submit("strict", Value::Object(args)).await;
        assert_eq!(answer["error"]["code"], "INVALID_JOB_ARGUMENTS");
        assert!(answer.to_string().len() < 20_000, "{} bytes", answer.to_string().len());
    }
}

#[tokio::test]
async fn a_page_of_talkative_jobs_stays_readable() {
    let fails = job("fails", |call| async move {
        call.progress().message("m".repeat(1000));
        Err(JobError::fatal("e".repeat(4000)))
    });
    let client = TestClient::start(builder().job(fails)).await.unwrap();
    let failed = client.run("fails", json!({})).await;
    assert!(failed["error"].as_str().unwrap().len() > 3_000, "the status has the whole");
    let listed = client.call("queue_list", json!({})).await;
    assert!(listed.to_string().len() < 1_000, "{} bytes", listed.to_string().len());
}

#[tokio::test]
async fn a_failed_job_tells_the_error_of_every_attempt() {
    let fails = job("fails", |call| async move { Err(JobError::retry(format!("no {}", call.context().attempt()))) });
    let fails = fails.options(options(|o| (o.max_retries, o.backoff_base) = (2, 0.001)));
    let client = TestClient::start(builder().job(fails)).await.unwrap();
    let failed = client.run("fails", json!({})).await;
    let errors: Vec<&Value> = failed["attempt_errors"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    assert_eq!(errors, ["no 1", "no 2", "no 3"]);
}

#[tokio::test]
async fn absurd_durations_are_refused_when_the_queue_is_built() {
    let builders = [
        builder().lease(YEARS),
        builder().cancel_grace(YEARS),
        builder().cancel_wait(YEARS),
        builder().sweep_interval(YEARS),
        builder().shutdown_grace(YEARS),
        builder().default_timeout(YEARS),
        builder().input_ttl(YEARS),
    ];
    for builder in builders {
        let refused = builder.build().await.unwrap_err();
        assert!(matches!(refused, BuildError::Setting { .. }) && refused.to_string().contains("year"), "{refused}");
    }
}

#[tokio::test]
async fn a_stop_without_a_limit_lets_everything_finish() {
    let (queue, worker) = started(builder().job(echo())).await;
    let handle = submit(&queue, "echo").await;
    handle.wait().await.unwrap();
    worker.stop_within(YEARS).await;
}

#[tokio::test(start_paused = true)]
async fn jobs_are_run_even_when_the_store_cannot_say_what_is_due_next() {
    let store = Faulty::default();
    store.fail(&[Op::NextDue], Fault::Before);
    let (queue, _worker) = started(builder().store(store).job(echo())).await;
    let record = submit(&queue, "echo").await.wait().await.unwrap();
    assert_eq!((record.status.as_str(), record.crashes), ("completed", 0));
}

#[tokio::test]
async fn the_submit_schema_compiles_whatever_a_hand_written_schema_refers_to() {
    let schemas = [
        json!({ "properties": { "a": { "$ref": "#/definitions/A" } }, "definitions": { "A": { "type": "string" } } }),
        json!({ "properties": { "inner": { "$ref": "#" } } }),
        json!({ "$id": "https://example.com/a", "properties": { "a": { "$ref": "#/$defs/A" } }, "$defs": { "A": {} } }),
    ];
    for schema in schemas {
        let odd = mcpq::JobDefinition::from_fn("odd", "Odd.", schema, |_| async { Ok(Value::Null) });
        let queue = builder().job(odd).job(echo()).build().await.unwrap();
        let submit = queue.tools().into_iter().find(|tool| tool.name == "queue_submit").unwrap();
        let schema = Value::Object((*submit.input_schema).clone());
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        assert!(validator.is_valid(&json!({ "job_type": "odd", "args": { "a": "x" } })), "{schema}");
    }
}

#[tokio::test]
async fn a_worker_that_could_not_run_its_jobs_does_not_start() {
    let queue = builder().job(echo()).submit_only().build().await.unwrap();
    assert!(matches!(queue.worker().start(), Err(StartError::SubmitOnly)));
    let queue = builder().job(echo()).build().await.unwrap();
    assert!(matches!(queue.worker().queues(["defualt"]).start(), Err(StartError::UnknownQueue(_))));
    assert!(matches!(queue.worker().job_types(["ehco"]).start(), Err(StartError::UnknownType(_))));
    assert!(matches!(queue.worker().concurrency(0).start(), Err(StartError::NoSlots)));
}

#[tokio::test]
async fn events_of_a_fallback_job_name_what_was_asked_for() {
    let (builder, recorder) = Recorder::on(builder().fallback(|_| async { Ok(Value::Null) }));
    let (queue, _worker) = started(builder).await;
    let handle = submit(&queue, "anything").await;
    handle.wait().await.unwrap();
    recorder.heard(handle.id(), EventKind::Completed, 1).await;
    assert!(recorder.events().iter().all(|event| &*event.job_type == "anything"));
}
