//! The recorded answers of the Python queue whose users should feel at home: the same tools, the same states, at least
//! the same fields, the same error codes. Each deliberate difference is named in [`DIFFERENCES`] with its reason.

#[path = "../../examples/playground/jobs.rs"]
#[allow(missing_docs)]
mod jobs;

use std::{collections::HashMap, time::Duration};

use mcpq::{JobRecord, Queue, Status, TestClient};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A case where this queue answers otherwise: its name, why, and what it answers instead.
struct Difference {
    case: &'static str,
    reason: &'static str,
    /// These fields are in our answer, with these values.
    ours: fn() -> Value,
    /// A call that makes the job that later cases of the transcript ask about.
    instead: Option<fn() -> Value>,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "submit: unknown tool parameter",
        reason: "a parameter that nobody reads is a mistake that the agent should hear of",
        ours: || json!({ "error": { "code": "VALIDATION_ERROR" } }),
        instead: Some(|| json!({ "job_type": "add", "args": { "a": 1, "b": 2 } })),
    },
    Difference {
        case: "submit: lax coercion ('2' -> 2, 3.0 -> 3)",
        reason: "the text \"2\" is no integer; 3.0 is one and stays accepted",
        ours: || json!({ "error": { "code": "INVALID_JOB_ARGUMENTS", "details": { "field_errors": { "a": "\"2\" is not of type \"integer\"" } } } }),
        instead: Some(|| json!({ "job_type": "add", "args": { "a": 2, "b": 3.0 } })),
    },
    Difference {
        case: "submit: handler takes **kwargs",
        reason: "the text \"1\" is no integer",
        ours: || json!({ "error": { "code": "INVALID_JOB_ARGUMENTS" } }),
        instead: Some(|| json!({ "job_type": "kwargs_job", "args": { "a": 1, "z": "2" } })),
    },
    Difference {
        case: "unknown tool",
        reason: "TOOL_NOT_FOUND is a code of the original's framework, not of its queue; rmcp answers for servers here",
        ours: || json!({ "error": { "code": "VALIDATION_ERROR" } }),
        instead: None,
    },
    Difference {
        case: "result: returns_object",
        reason: "a result that JSON cannot hold is a failure, not its printed form",
        ours: || json!({ "status": "failed", "error_code": "RESULT_NOT_JSON" }),
        instead: None,
    },
    Difference {
        case: "result: returns_nan",
        reason: "NaN is not JSON",
        ours: || json!({ "status": "failed", "error_code": "RESULT_NOT_JSON" }),
        instead: None,
    },
    Difference {
        case: "cancel: running, handler swallows it",
        reason: "the handler went on to its end, so the job is completed; `cancelled` would not be true",
        ours: || json!({ "status": "completed", "message": "Job finished before it could be cancelled." }),
        instead: None,
    },
    Difference {
        case: "status: cancelled at once although the handler still runs",
        reason: "see the cancel before",
        ours: || json!({ "status": "completed" }),
        instead: None,
    },
    Difference {
        case: "result: what the handler returned is dropped",
        reason: "see the cancel before: the result is kept",
        ours: || json!({ "status": "completed" }),
        instead: None,
    },
];

/// A replay in progress.
struct Replay {
    client: TestClient,
    /// Our job ids by their names in the transcript.
    ids: HashMap<String, String>,
}

impl Replay {
    /// Puts our job ids in place of the names.
    fn fill(&self, arguments: &Value) -> Value {
        let mut text = arguments.to_string();
        for (name, id) in &self.ids {
            text = text.replace(&format!("${{{name}}}"), id);
        }
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until the job is in the state that the next answer shows.
    async fn until(&self, id: &str, reached: impl Fn(&JobRecord) -> bool) {
        let queue = self.client.queue();
        let id = id.parse().unwrap();
        let mut watch = queue.watch(id);
        let mut record = queue.status(id).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while !reached(&record) {
            assert!(Instant::now() < deadline && !record.status.is_final(), "stuck: {record:?}");
            record = watch.changed_by(&record, deadline).await.unwrap();
        }
    }

    async fn prepare(&self, case: &str, arguments: &Value, response: &Value) {
        let Some(id) = arguments["job_id"].as_str().filter(|id| id.parse::<mcpq::JobId>().is_ok()) else { return };
        let backoff = |record: &JobRecord| record.status == Status::Pending && record.attempts > 0;
        if case.contains("backoff") {
            self.until(id, backoff).await;
        } else if case.starts_with("cancel: running") {
            self.until(id, |record| {
                record.status == Status::Running && (record.progress > 0.0 || case.contains("swallows"))
            })
            .await;
        } else if response["status"] == "running" {
            self.until(id, |record| record.status == Status::Running && record.progress > 0.0).await;
        } else if response["status"] != "pending" && !case.starts_with("cancel: pending") {
            self.until(id, |record| record.status.is_final()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_transcript_of_the_python_original_is_answered_alike() {
    let transcript: Value = serde_json::from_str(include_str!("parity/transcript.json")).unwrap();
    let builder = jobs::register(Queue::builder().without_linked_jobs());
    let mut replay = Replay { client: TestClient::start(builder).await.unwrap(), ids: HashMap::new() };
    let mut met = Vec::new();

    for call in transcript["calls"].as_array().unwrap() {
        let (case, tool, response) =
            (call["case"].as_str().unwrap(), call["tool"].as_str().unwrap(), &call["response"]);
        let arguments = replay.fill(&call["arguments"]);
        replay.prepare(case, &arguments, response).await;
        if tool == "queue_list" && case != "list: default (newest first, limit 20)" && !response["error"].is_object() {
            for id in replay.ids.values() {
                replay.until(id, |record| record.status.is_final()).await;
            }
        }
        let raw = replay.client.call_raw(tool, arguments.clone()).await;
        let answer = replay.client_json(raw);

        let difference = DIFFERENCES.iter().find(|difference| difference.case == case);
        if let Some(difference) = difference {
            met.push(case);
            assert!(!difference.reason.is_empty());
            contains(case, &answer, &(difference.ours)());
        } else if response["error"].is_object() {
            same_error(case, &answer, &response["error"]);
        } else if tool == "queue_list" {
            replay.same_list(case, &arguments, &answer, response).await;
        } else {
            same_fields(case, &answer, response);
        }
        if let Some(name) = response["job_id"].as_str().and_then(|id| id.strip_prefix("${")?.strip_suffix('}'))
            && tool == "queue_submit"
        {
            let answer = match difference.and_then(|difference| difference.instead) {
                Some(instead) => replay.client.call(tool, instead()).await,
                None => answer,
            };
            replay.ids.insert(name.to_owned(), answer["job_id"].as_str().unwrap().to_owned());
        }
    }
    let missed = DIFFERENCES.iter().find(|difference| !met.contains(&difference.case));
    assert!(
        missed.is_none(),
        "a listed difference is not in the transcript: {:?}",
        missed.map(|difference| difference.case)
    );
}

impl Replay {
    fn client_json(&self, raw: rmcp::model::CallToolResult) -> Value {
        match raw.structured_content {
            Some(value) => value,
            None => serde_json::from_str(&raw.content[0].as_text().unwrap().text).unwrap(),
        }
    }

    /// Rows by shape; the total is counted anew from the jobs that were made.
    async fn same_list(&self, case: &str, arguments: &Value, answer: &Value, response: &Value) {
        let wanted = arguments["status"].as_str();
        let mut total = 0;
        for id in self.ids.values() {
            let record = self.client.queue().status(id.parse().unwrap()).await.unwrap();
            total += usize::from(wanted.is_none_or(|wanted| record.status.as_str() == wanted));
        }
        assert_eq!(answer["total"], total, "{case}: {answer}");
        let (ours, theirs) = (answer["jobs"].as_array().unwrap(), response["jobs"].as_array().unwrap());
        let limit = arguments["limit"].as_u64().unwrap_or(20) as usize;
        let offset = arguments["offset"].as_u64().unwrap_or(0) as usize;
        assert_eq!(ours.len(), total.saturating_sub(offset).min(limit), "{case}: {answer}");
        if case.starts_with("list: default") {
            let ids: Vec<&Value> = ours.iter().map(|row| &row["job_id"]).collect();
            let expected: Vec<Value> = theirs.iter().map(|row| self.fill(&row["job_id"])).collect();
            assert_eq!(ids, expected.iter().collect::<Vec<_>>(), "{case}");
        }
        for row in ours {
            let shape = ["job_id", "job_type", "status", "priority", "progress", "attempts"];
            assert!(shape.iter().all(|field| row.get(field).is_some()), "{case}: {row}");
        }
    }
}

fn same_error(case: &str, answer: &Value, expected: &Value) {
    let error = &answer["error"];
    assert_eq!(error["code"], expected["code"], "{case}: {answer}");
    assert_eq!(error["retryable"], expected["retryable"], "{case}: {answer}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{case}: {answer}");
    for field in expected.as_object().unwrap().keys() {
        assert!(error.get(field).is_some(), "{case}: `{field}` is missing in {answer}");
    }
    if let Some(fields) = expected["details"]["field_errors"].as_object() {
        for field in fields.keys() {
            assert!(
                error["details"]["field_errors"].get(field).is_some(),
                "{case}: `{field}` is not named in {answer}"
            );
        }
    }
}

fn same_fields(case: &str, answer: &Value, expected: &Value) {
    for (field, value) in expected.as_object().unwrap() {
        let ours = &answer[field];
        let same = match field.as_str() {
            // The texts say what to do next, and ids are ours.
            "job_id" | "message" => ours.is_string(),
            // Where a job runs, the moment of asking decides.
            "progress" if value.as_f64().is_some_and(|at| at > 0.0 && at < 1.0) && expected["status"] != "failed" => {
                ours.as_f64().is_some_and(|at| at > 0.0 && at < 1.0)
            }
            "progress_message" if expected["status"] == "running" => {
                ours.as_str().is_some_and(|text| text.starts_with("Processing chunk"))
            }
            "progress" => ours.as_f64() == value.as_f64(),
            _ => ours == value,
        };
        assert!(same, "{case}: `{field}` is {ours}, the original has {value}; all: {answer}");
    }
}

/// Every field of `part` is in `whole`.
fn contains(case: &str, whole: &Value, part: &Value) {
    match part {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| contains(case, &whole[field], value)),
        value => assert_eq!(whole, value, "{case}"),
    }
}

#[tokio::test]
async fn the_tools_are_the_originals_with_more_parameters() {
    let transcript: Value = serde_json::from_str(include_str!("parity/transcript.json")).unwrap();
    let queue = jobs::register(Queue::builder().without_linked_jobs()).build().await.unwrap();
    let ours: HashMap<String, Value> =
        queue.tools().into_iter().map(|tool| (tool.name.to_string(), serde_json::to_value(tool).unwrap())).collect();
    for tool in transcript["tools_list"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        let mine = &ours[name];
        assert_eq!(mine["inputSchema"].get("required"), tool["inputSchema"].get("required"), "{name}");
        for (parameter, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            let here = &mine["inputSchema"]["properties"][parameter];
            assert!(here.is_object(), "{name} lacks `{parameter}`");
            for word in schema["enum"].as_array().into_iter().flatten() {
                assert!(here["enum"].as_array().unwrap().contains(word), "{name}.{parameter} lacks {word}");
            }
        }
    }
}
