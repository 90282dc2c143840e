//! The queue on somebody's own rmcp server.

mod eras;
mod methods;
mod server;
mod tools_alone;

use std::sync::{Arc, Mutex};

use mcpq::{QueueBuilder, WorkerHandle, prelude::*};
use rmcp::{
    ClientHandler, RoleClient, ServerHandler, ServiceExt,
    model::{CallToolRequestParams, ProgressNotificationParam, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt, NotificationContext, RunningService},
};
use serde_json::{Value, json};

use crate::support::{builder, echo};

/// How a client begins.
#[derive(Clone, Copy, Debug)]
enum Era {
    /// With `initialize`.
    Legacy,
    /// With `server/discover`, of 2026-07-28.
    Modern,
}

const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

/// A client that keeps the progress it is told.
#[derive(Clone, Debug, Default)]
struct Agent {
    progress: Arc<Mutex<Vec<(f64, Option<String>)>>>,
}

impl ClientHandler for Agent {
    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.lock().unwrap().push((told.progress, told.message));
    }
}

type Client = RunningService<RoleClient, Agent>;

/// Connects a client to a server, within the process.
async fn connected(server: impl ServerHandler, era: Era) -> Client {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve(ours).await.unwrap().waiting().await });
    let lifecycle = match era {
        Era::Legacy => ClientLifecycleMode::Initialize,
        Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
    };
    Agent::default().serve_with_lifecycle(theirs, lifecycle).await.unwrap()
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> Value {
    let Value::Object(arguments) = arguments else { panic!("{arguments} is no object") };
    let answer = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap();
    let text = answer.content[0].as_text().unwrap().text.clone();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Survey {
    /// Square metres.
    area: f64,
    notes: Vec<String>,
}

/// Surveys a piece of land.
///
/// The land must not be built on.
#[mcp_job(timeout = "2m", max_retries = 2, priority = "high", queue = "field")]
async fn survey(
    /// Its number in the register.
    #[arg(range(1..))]
    plot: u32,
    #[arg(default = "en".to_owned(), length(2..=2), example = "de")] language: String,
) -> Result<Survey, JobError> {
    Ok(Survey { area: plot.into(), notes: vec![language] })
}

/// Jobs, one of which takes its time.
fn jobs() -> QueueBuilder {
    let described = mcpq::JobDefinition::from_fn(
        "steps",
        "Takes four steps.\n\nAnd tells of each.",
        json!({ "type": "object", "properties": { "title": { "type": "string" } } }),
        |call| async move {
            for n in 1..=4 {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                call.progress().report(n, 4).message(format!("step {n}"));
            }
            Ok(json!("four steps"))
        },
    );
    builder().job(echo()).job(described).job(survey::JOB)
}

async fn started() -> (Queue, WorkerHandle) {
    crate::support::started(jobs()).await
}
