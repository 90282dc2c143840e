//! What agents see before they call anything: the list of tools and the resources of the job types.

use mcpq::{JobDefinition, OptionalTool, QueueBuilder, TestClient};
use serde_json::{Value, json};

use super::{Agent, count_words, jobs};
use crate::support::{builder, echo};

async fn tools(builder: QueueBuilder) -> Value {
    json!(builder.build().await.unwrap().tools())
}

/// A job whose description is this long and whose schema has so many arguments.
fn wordy(name: String, words: usize, arguments: usize) -> JobDefinition {
    let argument = |n: usize| (format!("argument_{n}"), json!({ "type": "string", "description": "x".repeat(40) }));
    let properties: serde_json::Map<String, Value> = (0..arguments).map(argument).collect();
    let schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    JobDefinition::from_fn(name, "word ".repeat(words), schema, |_| async { Ok(json!(null)) })
}

fn submit_of(tools: &Value) -> &Value {
    tools.as_array().unwrap().iter().find(|tool| tool["name"] == "queue_submit").unwrap()
}

fn names(tools: &Value) -> Vec<&str> {
    tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_list_of_tools_for_several_job_types() {
    let builder = builder().job(count_words::JOB).job(echo()).queues(["reports"]);
    let builder = builder.enable_tool(OptionalTool::Retry).enable_tool(OptionalTool::Remove);
    insta::assert_json_snapshot!(tools(builder.enable_tool(OptionalTool::Stats)).await);
}

#[tokio::test]
async fn the_submit_tool_for_fifty_job_types() {
    let many = (0..50).fold(builder(), |builder, n| builder.job(wordy(format!("job_{n:02}"), 3, 1)));
    let tools = tools(many).await;
    let submit = submit_of(&tools);
    assert_eq!(submit["inputSchema"]["properties"]["job_type"]["enum"].as_array().unwrap().len(), 50);
    assert_eq!(submit["inputSchema"]["properties"]["args"]["anyOf"].as_array().unwrap().len(), 50);
    insta::assert_json_snapshot!(submit["inputSchema"]["properties"]["job_type"]);
}

#[tokio::test]
async fn the_submit_tool_is_bounded_however_much_the_jobs_say() {
    let many = (0..200).fold(builder(), |builder, n| builder.job(wordy(format!("job_{n:03}"), 2_000, 40)));
    let tools = tools(many).await;
    let submit = submit_of(&tools);
    assert!(submit.to_string().len() < 24_000, "{} bytes", submit.to_string().len());
    let properties = &submit["inputSchema"]["properties"];
    assert_eq!(properties["job_type"]["enum"].as_array().unwrap().len(), 200, "every type is named all the same");
    assert!(properties["args"]["description"].as_str().unwrap().contains("job-type:{name}"));
    insta::assert_json_snapshot!(properties["args"]);
}

#[tokio::test]
async fn no_schema_has_a_choice_at_its_top() {
    for tool in tools(jobs()).await.as_array().unwrap() {
        for side in ["inputSchema", "outputSchema"] {
            let schema = tool[side].as_object().unwrap();
            assert_eq!(schema["type"], "object");
            for refused in ["oneOf", "anyOf", "allOf", "$ref", "not", "enum"] {
                assert!(!schema.contains_key(refused), "{} {side} has {refused}", tool["name"]);
            }
            jsonschema::draft202012::meta::validate(&tool[side]).unwrap();
        }
    }
}

#[tokio::test]
async fn the_submit_schema_takes_what_the_tool_takes() {
    let tools = tools(jobs()).await;
    let schema = jsonschema::validator_for(&submit_of(&tools)["inputSchema"]).unwrap();
    let call = |arguments: Value| json!({ "job_type": "count_words", "args": arguments });
    assert!(schema.is_valid(&call(json!({ "text": "a", "period": { "from": 1999 } }))));
    assert!(schema.is_valid(&json!({ "job_type": "echo" })));
    assert!(!schema.is_valid(&json!({ "job_type": "nobody" })));
    assert!(!schema.is_valid(&json!({ "job_type": "echo", "args": [] })));
    assert!(!schema.is_valid(&json!({ "job_type": "echo", "wait_seconds": 46 })));
    assert!(!schema.is_valid(&json!({ "job_type": "echo", "unknown": 1 })));
}

#[tokio::test]
async fn the_tools_can_have_another_prefix() {
    let tools = tools(jobs().tool_prefix("acme-jobs")).await;
    assert!(names(&tools).iter().all(|name| name.starts_with("acme-jobs_")), "{tools}");
    for there in ["submit", "status", "result", "cancel", "list", "retry", "remove", "stats"] {
        assert!(
            !tools.to_string().contains(&format!("queue_{there}")),
            "no description names a tool that is not there"
        );
    }
    let client = TestClient::start(jobs().tool_prefix("acme-jobs")).await.unwrap();
    let agent = Agent::of(client);
    let answer = agent.call("acme-jobs_submit", json!({ "job_type": "echo", "wait_seconds": 5 })).await;
    assert_eq!(answer["status"], "completed");
    assert_eq!(agent.call("queue_submit", json!({})).await["error"]["code"], "VALIDATION_ERROR");
}

#[tokio::test]
async fn there_are_five_tools_and_those_that_were_asked_for() {
    let five = ["queue_submit", "queue_status", "queue_result", "queue_cancel", "queue_list"];
    assert_eq!(names(&tools(builder().job(echo())).await), five);
    let twice = builder().job(echo()).enable_tool(OptionalTool::Stats).enable_tool(OptionalTool::Stats);
    assert_eq!(names(&tools(twice).await)[5..], ["queue_stats"]);
}

mod same_name {
    //! Two types of one name, each of which refers to itself.

    pub(crate) mod plant {
        use mcpq::prelude::*;

        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(crate) struct Tree {
            height: u32,
            branches: Vec<Tree>,
        }

        /// Plants a tree.
        #[mcp_job]
        pub(crate) async fn plant_tree(tree: Tree) -> u32 {
            tree.height + tree.branches.len() as u32
        }
    }

    pub(crate) mod fell {
        use mcpq::prelude::*;

        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(crate) struct Tree {
            owner: String,
            branches: Vec<Tree>,
        }

        /// Fells a tree.
        #[mcp_job]
        pub(crate) async fn fell_tree(tree: Tree) -> String {
            format!("{} {}", tree.owner, tree.branches.len())
        }
    }
}

#[tokio::test]
async fn types_of_one_name_that_refer_to_themselves_are_kept_apart() {
    use same_name::{fell::fell_tree, plant::plant_tree};

    let tools = tools(builder().job(plant_tree::JOB).job(fell_tree::JOB)).await;
    let schema = jsonschema::validator_for(&submit_of(&tools)["inputSchema"]).unwrap();
    let takes = |tree: Value| schema.is_valid(&json!({ "job_type": "plant_tree", "args": { "tree": tree } }));
    let planted = |inner: Value| json!({ "height": 3, "branches": [{ "height": 1, "branches": [inner] }] });
    let felled = |inner: Value| json!({ "owner": "Ada", "branches": [{ "owner": "Bob", "branches": [inner] }] });
    let (leaf, twig) = (json!({ "height": 1, "branches": [] }), json!({ "owner": "Eve", "branches": [] }));
    assert!(takes(planted(leaf.clone())) && takes(felled(twig.clone())));
    assert!(!takes(planted(twig)) && !takes(felled(leaf)), "not even deep inside");
}
