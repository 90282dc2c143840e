//! The example `fleet` as its reader starts it: one command, a server, two workers and a database that goes with them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[path = "it/servers/programs.rs"]
#[allow(dead_code, reason = "the other tests need all of it")]
mod programs;

use std::{net::TcpListener, process::Stdio, time::Duration};

use rmcp::{
    RoleClient, ServiceExt, model::CallToolRequestParams, service::RunningService,
    transport::StreamableHttpClientTransport,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    sync::mpsc,
    time::timeout,
};

/// What has not happened by then will not: the example may have to be compiled first.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_fleet_shares_its_jobs_survives_a_worker_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    programs::give_to_nobody(folder.path());
    let postgres = programs::of_postgres();
    let (web, database) = (free_port(), free_port());
    let mut run = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/fleet/run"))
        .env("PATH", format!("{}:{}", postgres.display(), std::env::var("PATH").unwrap()))
        .env("TMPDIR", folder.path())
        .env("PGPORT", database.to_string())
        .env("MCPQ_HTTP", format!("127.0.0.1:{web}"))
        .env_remove("MCPQ_STORE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = Lines::of(run.stdout.take().unwrap());
    let workers = [lines.number_after("worker 1 is process ").await, lines.number_after("worker 2 is process ").await];
    lines.after("serving MCP at ").await;
    let client =
        ().serve(StreamableHttpClientTransport::from_uri(format!("http://127.0.0.1:{web}/mcp"))).await.unwrap();

    let announced = call(
        &client,
        "queue_submit",
        json!({ "job_type": "announce", "args": { "text": "hello" }, "wait_seconds": 45 }),
    )
    .await;
    let text = announced["result"].as_str().unwrap_or_else(|| panic!("{announced}"));
    assert!(workers.iter().any(|id| text == format!("process {id} announced: hello")), "{text}");

    // Long enough that both run when one worker dies, whoever has them.
    let mut counts = Vec::new();
    for _ in 0..3 {
        let submitted =
            call(&client, "queue_submit", json!({ "job_type": "count_primes", "args": { "to": 1_500_000 } })).await;
        counts.push(submitted["job_id"].as_str().unwrap().to_owned());
    }
    for id in &counts {
        until_progress(&client, id).await;
    }
    kill_process(pid(workers[0]), Signal::KILL).unwrap();
    for id in &counts {
        let ended = until_ended(&client, id).await;
        assert_eq!(ended["result"], json!({ "count": 114_155, "worker": workers[1] }), "{ended}");
    }

    client.cancel().await.unwrap();
    kill_process(pid(run.id().unwrap()), Signal::INT).unwrap();
    let status = timeout(PATIENCE, run.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the database's folder is gone");
    for port in [web, database] {
        TcpListener::bind(("127.0.0.1", port))
            .unwrap_or_else(|error| panic!("somebody still has port {port}: {error}"));
    }
}

/// What the example writes, line by line.
struct Lines(mpsc::UnboundedReceiver<String>);

impl Lines {
    fn of(output: tokio::process::ChildStdout) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            // Read to the end, or the example stops at a full pipe.
            while let Ok(Some(line)) = lines.next_line().await {
                #[allow(clippy::print_stdout, reason = "what it said is shown where this fails")]
                {
                    println!("{line}");
                }
                let _ = sender.send(line);
            }
        });
        Self(receiver)
    }

    /// What follows this in the next line that has it.
    async fn after(&mut self, start: &str) -> String {
        let found = async {
            loop {
                let line = self.0.recv().await.unwrap_or_else(|| panic!("it ended and never said `{start}`"));
                if let Some((_, rest)) = line.split_once(start) {
                    return rest.to_owned();
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("it never said `{start}`"))
    }

    async fn number_after(&mut self, start: &str) -> u32 {
        self.after(start).await.trim().parse().unwrap()
    }
}

async fn call(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> Value {
    let Value::Object(arguments) = arguments else { panic!("{arguments} is no object") };
    let answer = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap();
    answer.structured_content.unwrap_or_else(|| panic!("an error: {:?}", answer.content))
}

/// Returns once the job has told of its progress.
async fn until_progress(client: &RunningService<RoleClient, ()>, id: &str) {
    let told = async {
        while call(client, "queue_status", json!({ "job_id": id })).await["progress"]
            .as_f64()
            .is_none_or(|part| part <= 0.0)
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, told).await.expect("its progress is told");
}

async fn until_ended(client: &RunningService<RoleClient, ()>, id: &str) -> Value {
    let ended = async {
        loop {
            let job = call(client, "queue_result", json!({ "job_id": id, "wait_seconds": 45 })).await;
            if job["status"] == "completed" {
                return job;
            }
        }
    };
    timeout(PATIENCE, ended).await.expect("it ends")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed()).unwrap()
}
