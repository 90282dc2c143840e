//! Return types, told apart by type and not by name.

use std::collections::BTreeMap;

use mcpq::prelude::*;
use mcpq::{ErrorKind, Job};
use serde_json::Value;

use crate::registered;

type Outcome<T> = Result<T, std::io::Error>;

#[derive(Debug, Serialize, JsonSchema)]
struct Report {
    rows: u32,
}

/// Returns nothing.
#[mcp_job]
async fn nothing() {}

/// Returns a value.
#[mcp_job]
async fn value() -> Report {
    Report { rows: 1 }
}

/// Returns a `Result`.
#[mcp_job]
async fn fallible() -> Result<Report, JobError> {
    Ok(Report { rows: 1 })
}

/// Returns a `Result` by another name.
#[mcp_job]
async fn aliased() -> Outcome<Report> {
    Ok(Report { rows: 1 })
}

/// Returns an error that is no `std::error::Error`.
#[mcp_job]
async fn via_anyhow() -> Result<Report, anyhow::Error> {
    Ok(Report { rows: 1 })
}

/// Says by itself what is retried.
#[derive(Debug)]
enum Refusal {
    Busy,
    Broken,
}

impl From<Refusal> for JobError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::retry("come again"),
            Refusal::Broken => Self::fatal("never come again"),
        }
    }
}

/// Returns an error that becomes a `JobError` in its own way.
#[mcp_job]
async fn via_from(broken: bool) -> Result<Report, Refusal> {
    Err(if broken { Refusal::Broken } else { Refusal::Busy })
}

/// Returns a list.
#[mcp_job]
async fn list() -> Result<Vec<Report>, std::io::Error> {
    Ok(vec![Report { rows: 1 }])
}

/// Returns types inside types.
#[mcp_job]
async fn map() -> Outcome<BTreeMap<String, Option<Vec<Report>>>> {
    Ok(BTreeMap::from([("a".to_owned(), None)]))
}

/// Returns what has no schema.
#[mcp_job]
async fn without_schema() -> Opaque {
    Opaque
}

#[derive(Debug, Serialize)]
struct Opaque;

/// Returns a reference to static data.
#[mcp_job]
fn text() -> &'static str {
    "text"
}

fn output<J: Job<Output = T>, T>(_: &J) -> &'static str {
    std::any::type_name::<T>()
}

#[test]
fn the_output_is_what_the_job_gives() {
    let report = std::any::type_name::<Report>();
    assert_eq!(output(&nothing {}), "()");
    assert_eq!(output(&value {}), report);
    assert_eq!(output(&fallible {}), report);
    assert_eq!(output(&aliased {}), report);
    assert_eq!(output(&via_anyhow {}), report);
    assert_eq!(output(&via_from { broken: true }), report);
    assert_eq!(output(&text {}), "&str");
    assert_eq!(output(&list {}), std::any::type_name::<Vec<Report>>());
    assert_eq!(output(&map {}), std::any::type_name::<BTreeMap<String, Option<Vec<Report>>>>());
}

#[tokio::test]
async fn an_error_type_may_decide_what_is_retried() {
    for (broken, kind) in [(false, ErrorKind::Retry), (true, ErrorKind::Fatal)] {
        let refusal = via_from(broken).await.unwrap_err();
        assert_eq!(JobError::from(refusal).kind(), kind);
    }
}

#[tokio::test]
async fn a_schema_is_published_where_there_is_one() {
    for job in [value::JOB, fallible::JOB, aliased::JOB, via_anyhow::JOB, list::JOB, map::JOB] {
        let registered = registered(job).await;
        let schema = registered.output_schema().unwrap_or(&Value::Null);
        assert!(schema.to_string().contains("rows"), "{}: {schema}", job.name());
    }
    assert_eq!(registered(without_schema::JOB).await.output_schema(), None);
}

#[tokio::test]
async fn the_functions_are_plain_functions() {
    nothing().await;
    assert_eq!(value().await.rows, 1);
    assert_eq!(fallible().await.unwrap().rows, 1);
    assert_eq!(aliased().await.unwrap().rows, 1);
    assert_eq!(via_anyhow().await.unwrap().rows, 1);
    assert_eq!(list().await.unwrap().len(), 1);
    assert_eq!(map().await.unwrap().len(), 1);
    assert_eq!(text(), "text");
    let _ = without_schema().await;
}
