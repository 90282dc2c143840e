//! What hosts accept: some refuse a whole list of tools for one schema with a choice at its top, one name outside of the
//! usual characters, or one description that goes on and on.

use mcpq::{JobDefinition, OptionalTool};
use rmcp::model::{ReadResourceRequestParams, ResourceContents};
use rmcp::{ServerHandler, ServiceExt};
use serde_json::{Map, Value, json};

use crate::{builder, independent::Independent, jobs, registered};

/// Most characters of a tool's description that every known host takes.
const MAX_TOOL_DESCRIPTION: usize = 1024;

/// Most characters of any description inside of the tools' schemas, but for the list of job types.
const MAX_DESCRIPTION: usize = 1200;

/// What JSON Schema itself says of texts.
const FORMATS: [&str; 8] = ["date-time", "date", "time", "duration", "email", "uri", "uuid", "regex"];

/// Calls `look` with every schema inside of `schema`, itself first, and where it is.
fn every_schema(schema: &Value, place: &str, look: &mut impl FnMut(&Map<String, Value>, &str)) {
    let Some(map) = schema.as_object() else { return };
    look(map, place);
    for key in ["properties", "$defs", "patternProperties"] {
        for (name, inner) in map.get(key).and_then(Value::as_object).into_iter().flatten() {
            every_schema(inner, &format!("{place}/{key}/{name}"), look);
        }
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        for (index, inner) in map.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            every_schema(inner, &format!("{place}/{key}/{index}"), look);
        }
    }
    for key in ["items", "additionalProperties", "propertyNames", "not"] {
        if let Some(inner) = map.get(key) {
            every_schema(inner, &format!("{place}/{key}"), look);
        }
    }
}

/// Descriptions, and where they are.
fn descriptions(schema: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    every_schema(schema, "", &mut |schema, place| {
        if let Some(description) = schema.get("description") {
            found.push((place.to_owned(), description.as_str().unwrap().to_owned()));
        }
    });
    found
}

/// A tool as any host takes it.
#[track_caller]
fn is_acceptable(tool: &Value) {
    let name = tool["name"].as_str().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    assert!((1..=64).contains(&name.len()) && name.chars().all(plain), "{name}");
    let length = tool["description"].as_str().unwrap().chars().count();
    assert!((1..=MAX_TOOL_DESCRIPTION).contains(&length), "{name}: {length}");
    for side in ["inputSchema", "outputSchema"] {
        Independent::read(&tool[side]);
        assert_eq!(tool[side]["type"], "object", "{name} {side}");
        assert!(tool[side]["properties"].is_object(), "{name} {side}");
        for refused in ["oneOf", "anyOf", "allOf", "not", "enum", "$ref"] {
            assert_eq!(tool[side].get(refused), None, "{name} {side}");
        }
        for (place, description) in descriptions(&tool[side]) {
            let length = description.chars().count();
            assert!(length <= MAX_DESCRIPTION || place == "/properties/job_type", "{name} {side} {place}: {length}");
        }
    }
}

#[tokio::test]
async fn every_tool_is_one_that_hosts_accept() {
    let optional = [OptionalTool::Retry, OptionalTool::Remove, OptionalTool::Stats];
    let all = optional.into_iter().fold(builder(jobs::all()), |builder, tool| builder.enable_tool(tool));
    let tools = all.build().await.unwrap().tools();
    assert_eq!(tools.len(), 8);
    tools.iter().for_each(|tool| is_acceptable(&json!(tool)));
}

#[tokio::test]
async fn every_schema_of_a_job_is_right_and_names_only_formats_that_there_are() {
    for job in registered(jobs::all()).await {
        let (name, input) = (job.name(), job.input_schema());
        assert_eq!(input["type"], "object", "{name}");
        assert!(input["properties"].is_object(), "{name}");
        for schema in [Some(input), job.output_schema()].into_iter().flatten() {
            Independent::read(schema);
            every_schema(schema, "", &mut |schema, place| {
                assert!(!schema.contains_key("$schema"), "{name}{place}");
                let format = schema.get("format").map_or("date", |format| format.as_str().unwrap());
                assert!(FORMATS.contains(&format), "{name}{place}: {format}");
            });
        }
    }
}

#[tokio::test]
async fn descriptions_read_as_prose() {
    for job in registered(jobs::all()).await {
        let schemas = [Some(job.input_schema()), job.output_schema()];
        for (place, text) in schemas.into_iter().flatten().flat_map(descriptions) {
            let paragraphs = text.split("\n\n").filter(|part| !part.contains("\n- "));
            let broken = paragraphs.filter(|part| part.contains('\n')).count();
            assert_eq!(broken, 0, "{}{place}: {text}", job.name());
        }
    }
    let report = &registered([jobs::nested::JOB]).await[0];
    let text =
        "A report of one quarter.\n\nIt has these parts:\n- the rows, of which there may be none;\n- who made it.";
    assert_eq!(report.output_schema().unwrap()["description"], text);
}

macro_rules! reports {
    ($($name:ident)*) => {
        mod reports {
            use mcpq::prelude::*;

            $(
                /// Generate one of the reports that the department asks for every quarter.
                #[mcp_job]
                pub(super) async fn $name(
                    /// Department to report on.
                    department: String,
                    /// How many quarters to include.
                    #[arg(default = 4, range(1..=12))]
                    quarters: u32,
                    /// What to say on the first page.
                    note: Option<String>,
                ) {
                    let _ = (department, quarters, note);
                }
            )*

            pub(super) fn all() -> Vec<mcpq::JobDescriptor> {
                vec![$($name::JOB),*]
            }
        }
    };
}

reports! {
    report_01 report_02 report_03 report_04 report_05 report_06 report_07 report_08 report_09 report_10
    report_11 report_12 report_13 report_14 report_15 report_16 report_17 report_18 report_19 report_20
    report_21 report_22 report_23 report_24 report_25 report_26 report_27 report_28 report_29 report_30
    report_31 report_32 report_33 report_34 report_35 report_36 report_37 report_38 report_39 report_40
    report_41 report_42 report_43 report_44 report_45 report_46 report_47 report_48 report_49 report_50
}

#[tokio::test]
async fn submitting_one_of_fifty_job_types_stays_readable() {
    let tools = builder(reports::all()).build().await.unwrap().tools();
    let submit = json!(tools.iter().find(|tool| tool.name == "queue_submit").unwrap());
    is_acceptable(&submit);
    let properties = &submit["inputSchema"]["properties"];
    assert_eq!(properties["job_type"]["enum"].as_array().unwrap().len(), 50);
    let size = submit.to_string().len();
    assert!(size < 32 * 1024, "{size} bytes");
    insta::assert_json_snapshot!(submit);
}

#[tokio::test]
async fn where_the_schemas_are_too_many_the_arguments_are_still_named() {
    let property = json!({ "type": "string", "description": "word ".repeat(50) });
    let wide = json!({ "type": "object", "properties": { "text": property, "more": property } });
    let wide =
        |n: usize| JobDefinition::from_fn(format!("wide_{n}"), "Is wide.", wide.clone(), |_| async { Ok(json!(1)) });
    let queue = (0..50).fold(builder(reports::all()), |builder, n| builder.job(wide(n))).build().await.unwrap();
    let submit = json!(queue.tools().iter().find(|tool| tool.name == "queue_submit").unwrap());
    is_acceptable(&submit);
    let size = submit.to_string().len();
    assert!(size < 16 * 1024, "{size} bytes");
    let properties = &submit["inputSchema"]["properties"];
    assert_eq!(properties["args"].get("anyOf"), None);
    assert!(properties["args"]["description"].as_str().unwrap().contains("job-type:{name}"));
    let list = properties["job_type"]["description"].as_str().unwrap();
    let line = list.lines().find(|line| line.starts_with("- report_01(")).unwrap();
    let (arguments, _) = line.split_once("): Generate one of the reports").unwrap();
    let mut arguments: Vec<&str> = arguments.trim_start_matches("- report_01(").split(", ").collect();
    arguments.sort_unstable();
    assert_eq!(arguments, ["department", "note?", "quarters?"]);
    assert_eq!(list.lines().filter(|line| line.starts_with("- ")).count(), 100);
}

/// A job that says so much that nobody could read it in a list.
fn wordy() -> JobDefinition {
    let long = "word ".repeat(2_000);
    let schema = json!({
        "type": "object",
        "properties": { "text": { "type": "string", "description": long } },
        "additionalProperties": false,
    });
    JobDefinition::from_fn("wordy", long, schema, |_| async { Ok(json!(null)) })
}

struct Bare;

impl ServerHandler for Bare {}

#[tokio::test]
async fn what_must_be_cut_says_where_the_whole_is() {
    let queue = builder([jobs::limits::JOB]).job(wordy()).build().await.unwrap();
    let tools = queue.tools();
    tools.iter().for_each(|tool| is_acceptable(&json!(tool)));
    let submit = json!(tools.iter().find(|tool| tool.name == "queue_submit").unwrap());
    let properties = &submit["inputSchema"]["properties"];
    let list = properties["job_type"]["description"].as_str().unwrap();
    let line = list.lines().find(|line| line.starts_with("- wordy")).unwrap();
    assert!(line.ends_with(".. (whole in the resource job-type:wordy)"), "{line}");
    let form = properties["args"]["anyOf"].as_array().unwrap().iter().find(|form| form["title"] == "wordy").unwrap();
    let text = form["properties"]["text"]["description"].as_str().unwrap();
    assert!(text.ends_with(".. (whole in the resource job-type:wordy)"), "{text}");

    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let server = queue.mount(Bare).unwrap();
    tokio::spawn(async move { server.serve(ours).await.unwrap().waiting().await });
    let client = ().serve(theirs).await.unwrap();
    for resource in client.list_all_resources().await.unwrap() {
        let description = resource.description.as_deref().unwrap();
        assert!(description.chars().count() <= MAX_DESCRIPTION, "{}", resource.uri);
    }
    let request = ReadResourceRequestParams::new("job-type:wordy");
    let read = client.read_resource(request).await.unwrap();
    let [ResourceContents::TextResourceContents { text, .. }] = &read.contents[..] else { panic!("{read:?}") };
    let whole: Value = serde_json::from_str(text).unwrap();
    let length = |text: &Value| text.as_str().unwrap().trim().len();
    assert_eq!(length(&whole["description"]), 9_999);
    assert_eq!(length(&whole["input_schema"]["properties"]["text"]["description"]), 9_999);
}
