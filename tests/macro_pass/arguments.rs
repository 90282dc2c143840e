//! Arguments: their schema, their defaults, and the struct that carries them.

use std::collections::BTreeMap;

use mcpq::prelude::*;
use mcpq::{ArgError, ArgMap, Job};
use serde_json::{Value, json};

use crate::registered;

/// Takes every kind of argument.
#[mcp_job]
async fn everything(
    /// Who it is
    /// for.
    #[arg(length(1..=20), pattern = "^[a-z]+$", example = "ada", example = String::from("bob"))]
    user: String,
    #[arg(default = 4, range(1..=12))] quarters: u32,
    #[arg(default = "pdf")] format: String,
    #[arg(default = vec![1, 2])] weights: Vec<u8>,
    #[arg(default)] dry_run: bool,
    #[arg(range(-1.5..2.5))] ratio: Option<f64>,
    #[arg(name = "user-agent")] agent: Option<String>,
    #[arg(rest)] labels: BTreeMap<String, u32>,
    _ignored: Option<u8>,
) -> String {
    format!("{user} {quarters} {format} {weights:?} {dry_run} {ratio:?} {agent:?} {labels:?}")
}

/// Takes more than a function usually does, and so does `new`.
#[mcp_job]
fn many(a1: u8, a2: u8, a3: u8, a4: u8, a5: u8, a6: u8, a7: u8, a8: u8, #[arg(default)] a9: u8) -> u8 {
    a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9
}

#[test]
fn a_job_may_take_many_arguments() {
    let many { a1, a8, a9, .. } = many::new(1, 2, 3, 4, 5, 6, 7, 8);
    assert_eq!((a1, a8, a9), (1, 8, 0));
    assert_eq!(many(1, 1, 1, 1, 1, 1, 1, 1, 1), 9);
}

#[tokio::test]
async fn the_schema_says_what_the_signature_says() {
    let job = registered(everything::JOB).await;
    let schema = job.input_schema();
    assert_eq!(schema["required"], json!(["user"]));
    let properties = &schema["properties"];
    let user = &properties["user"];
    assert_eq!(user["description"], "Who it is for.");
    assert_eq!(user["minLength"], 1);
    assert_eq!(user["maxLength"], 20);
    assert_eq!(user["pattern"], "^[a-z]+$");
    assert_eq!(user["examples"], json!(["ada", "bob"]));
    assert_eq!(properties["quarters"]["default"], 4);
    assert_eq!(properties["quarters"]["minimum"], 1);
    assert_eq!(properties["quarters"]["maximum"], 12);
    assert_eq!(properties["format"]["default"], "pdf");
    assert_eq!(properties["weights"]["default"], json!([1, 2]));
    assert_eq!(properties["dry_run"]["default"], false);
    assert!(properties["user-agent"].is_object());
    assert_eq!(properties["agent"], Value::Null);
    assert_eq!(properties["labels"], Value::Null);
}

#[test]
fn new_takes_what_has_no_default() {
    let job = everything::new("ada".to_owned());
    assert_eq!((job.quarters, &*job.format, job.dry_run, job.ratio), (4, "pdf", false, None));
    assert_eq!(job.weights, [1, 2]);
    assert_eq!((job.agent, job.labels.len(), job._ignored), (None, 0, None));
}

#[test]
fn the_struct_is_written_under_the_names_that_agents_use() {
    let labels = BTreeMap::from([("a".to_owned(), 1)]);
    let job = everything { agent: Some("x".to_owned()), labels, ..everything::new("ada".to_owned()) };
    let args = Value::Object(job.into_args().unwrap());
    assert_eq!(args["user"], "ada");
    assert_eq!(args["user-agent"], "x");
    assert_eq!(args["a"], 1);
    assert_eq!(args.get("labels"), None);
}

/// Takes the rest first.
#[mcp_job]
async fn rest_first(#[arg(rest)] labels: BTreeMap<String, u32>, name: String) -> usize {
    name.len() + labels.len()
}

#[tokio::test]
async fn the_rest_cannot_hold_the_name_of_another_argument_wherever_it_stands() {
    let labels = |key: &str| BTreeMap::from([(key.to_owned(), 1)]);
    let written = |labels| -> Result<ArgMap, ArgError> { rest_first { labels, name: "ada".to_owned() }.into_args() };
    assert_eq!(Value::Object(written(labels("a")).unwrap()), json!({ "name": "ada", "a": 1 }));
    let clash = "argument `labels` cannot be written as JSON: its key `name` is the name of another argument";
    assert_eq!(written(labels("name")).unwrap_err().to_string(), clash);
    assert_eq!(rest_first(labels("a"), "ada".to_owned()).await, 4);
}

/// Only ever submitted by agents: its argument cannot be written as JSON.
#[mcp_job]
async fn read_only(secret: Secret) -> usize {
    secret.0.len()
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Secret(String);

#[tokio::test]
async fn an_argument_need_not_be_serialize() {
    assert_eq!(registered(read_only::JOB).await.name(), "read_only");
    assert_eq!(read_only(Secret("four".to_owned())).await, 4);
}

mod own {
    use mcpq::prelude::*;

    /// No injected type, whatever its name.
    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    pub(super) struct Progress(pub(super) u8);
}

/// Takes a type whose name means something else elsewhere.
#[mcp_job]
fn own_progress(#[arg] progress: own::Progress) -> u8 {
    progress.0
}

#[tokio::test]
async fn a_mark_makes_an_argument_of_any_type() {
    assert!(registered(own_progress::JOB).await.input_schema()["properties"]["progress"].is_object());
    assert_eq!(own_progress(own::Progress(3)), 3);
}

type Maybe = Option<u32>;

/// Takes an optional argument whose type does not say so.
#[mcp_job]
async fn aliased(count: Maybe) -> u32 {
    count.unwrap_or_default()
}

#[tokio::test]
async fn an_alias_of_option_is_optional() {
    let job = registered(aliased::JOB).await;
    assert_eq!(job.input_schema().get("required").cloned().unwrap_or(json!([])), json!([]));
    let _ = aliased { count: None };
}
