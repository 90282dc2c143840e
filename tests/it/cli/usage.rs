//! Command lines that are wrong, help, and the environment.

use serde_json::json;

use super::{command, finish, run};

#[tokio::test]
async fn commands_for_other_processes_refuse_a_store_that_is_not_shared() {
    let id = "00000000-0000-7000-8000-000000000001";
    let commands: [&[&str]; 8] = [
        &["list"],
        &["status", id],
        &["result", id],
        &["cancel", id],
        &["retry", id],
        &["stats"],
        &["watch"],
        &["worker"],
    ];
    for args in commands {
        run(args).await.refused(&[args[0], "the memory store keeps jobs in one process", "tip: "]);
    }
    let refused = run(&["list", "--json"]).await;
    assert_eq!(refused.code, 2);
    assert_eq!(refused.json_error()["code"], "STORE_NOT_SHARED");
    assert!(refused.json_error()["suggestion"].as_str().unwrap().contains("queue_list"));
}

#[tokio::test]
async fn a_job_that_nobody_would_run_is_refused() {
    run(&["submit", "add", "--args", "{}"]).await.refused(&["add `--wait`"]);
    run(&["--no-worker"]).await.refused(&["nobody would run the jobs", "--no-worker"]);
}

#[tokio::test]
async fn stores_that_are_not_available_are_refused_without_showing_secrets() {
    for url in ["other://me:secret@host/db"] {
        let scheme = url.split_once(':').unwrap().0;
        let refused = run(&["--store", url, "list"]).await;
        refused.refused(&[&format!("`{scheme}:`"), "`--store memory:` keeps jobs"]);
        assert!(!refused.err.contains("secret"));
    }
    for scheme in ["postgres", "redis"] {
        let gone = run(&["--store", &format!("{scheme}://me:secret@127.0.0.1:1/0"), "list"]).await;
        assert!(gone.code != 0 && gone.err.contains("is the server running"), "{gone:?}");
        assert!(!gone.err.contains("secret"));
        run(&["--store", &format!("{scheme}://me:secret@host/0?mode=rw"), "list"]).await.refused(&["no option `mode`"]);
    }
    run(&["--store", "jobs.db", "schema"]).await.refused(&["named by a URL"]);
    run(&["--store", "sqlite:", "list"]).await.refused(&["no path to a file"]);
    run(&["--store", "sqlite:jobs.db?journal=off", "list"]).await.refused(&["no option `journal=off`", "max_bytes"]);
    run(&["--store", "sqlite:/proc/jobs.db", "list"]).await.refused(&["/proc/jobs.db cannot be opened"]);
    let memory = run(&["--store", "memory:", "schema"]).await;
    assert_eq!(memory.code, 0);
}

#[tokio::test]
async fn a_command_line_that_cannot_be_read_says_what_would_do() {
    run(&["lst"]).await.refused(&["'list'"]);
    run(&["submit"]).await.refused(&["TYPE"]);
    run(&["submit", "add", "--priority", "hihg"]).await.refused(&["'high'"]);
    run(&["submit", "add", "--delay", "soon"]).await.refused(&["10m"]);
    run(&["status", "7"]).await.refused(&["not a job id"]);
    run(&["serve", "--http", "nowhere"]).await.refused(&["127.0.0.1:8080"]);
    run(&["--workers", "0", "schema"]).await.refused(&["--no-worker"]);
    run(&["--queues", "default,slow", "schema"]).await.refused(&["no queue `slow`", "`default`"]);
    run(&["--job-types", "add,ad", "serve"]).await.refused(&["unknown job type `ad`", "did you mean `add`?"]);
    run(&["--log", "a=b=c", "schema"]).await.refused(&["--log"]);
    let refused = run(&["--json", "lst"]).await;
    assert_eq!(refused.code, 2);
    assert_eq!(refused.json_error()["code"], "USAGE");
    assert!(refused.json_error()["suggestion"].as_str().unwrap().contains("list"));
}

#[tokio::test]
async fn help_and_version_go_to_standard_output() {
    let help = run(&["--help"]).await;
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for name in ["serve", "worker", "submit", "list", "status", "result", "cancel", "retry", "stats", "watch", "schema"]
    {
        assert!(help.out.contains(&format!("  {name} ")), "{name} is missing");
    }
    assert_eq!(run(&["--version"]).await.out, "test-server 1.2.3\n");
}

#[tokio::test]
async fn schema_lists_the_job_types_and_shows_one() {
    let list = run(&["schema"]).await;
    assert_eq!((list.code, list.err.as_str()), (0, ""));
    assert!(list.out.contains("Add two numbers."));
    let list = run(&["schema", "--json"]).await.json();
    assert_eq!(list["job_types"][0]["job_type"], "add");
    assert_eq!(list["job_types"][0]["description"], "Add two numbers.");

    let one = run(&["schema", "add"]).await;
    assert!(one.out.contains("The first one.") && one.out.contains("submit add --wait --args '{"), "{one:?}");
    let one = run(&["schema", "steps", "--json"]).await.json();
    assert_eq!(one["input_schema"]["required"], json!(["count"]));
    assert_eq!(one["output_schema"]["type"], "integer");
    assert_eq!(one["max_retries"], 2);

    run(&["schema", "stepz"]).await.refused(&["did you mean `steps`?"]);
}

#[tokio::test]
async fn variables_mirror_the_flags() {
    let with = |name: &str, value: &str, args: &[&str]| {
        let mut command = command(args);
        command.env(name, value);
        finish(command)
    };
    assert!(with("MCPQ_JSON", "1", &["schema"]).await.json()["job_types"].is_array());
    assert!(with("MCPQ_JSON", "0", &["schema"]).await.out.starts_with("add"));
    with("MCPQ_STORE", "redis:x", &["schema"]).await.refused(&["`redis://"]);
    with("MCPQ_NO_WORKER", "true", &[]).await.refused(&["MCPQ_NO_WORKER"]);
    with("MCPQ_QUEUES", "slow", &["schema"]).await.refused(&["no queue `slow`"]);
    with("MCPQ_HTTP", "nowhere", &["serve"]).await.refused(&["127.0.0.1:8080"]);
    let logged = with("MCPQ_LOG", "info", &["schema"]).await;
    assert!(logged.err.contains("job types registered"));
}

#[tokio::test]
async fn a_mistake_in_the_program_is_told_to_its_developer() {
    let builder = mcpq::Queue::builder().without_linked_jobs().require_jobs(["missing"]);
    let error = mcpq::Server::new("test", builder).run_from(["test", "schema"]).await.unwrap_err();
    assert!(matches!(error, mcpq::ServerError::Build(_)));
    assert_eq!(format!("{error:?}"), error.to_string(), "`main` prints the message");
}
