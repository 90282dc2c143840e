//! One machine: a folder with one SQLite file, or a database elsewhere, and real processes that share it.

use std::{
    fmt::Debug,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mcpq::{
    ArgMap, JobDefinition, JobId, JobOptions, Queue, QueueError, SubmitOptions,
    store::{Store, sqlite::SqliteStore},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

/// What does not happen within this time does not happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The jobs that tests submit; the programs know how to run them.
const JOBS: [&str; 9] =
    ["mark", "hold", "obey", "blocks", "flaky", "kills_its_process", "panics", "large", "times_out"];

/// One start of a job, as its handler noted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Start {
    pub(crate) id: JobId,
    pub(crate) lease: u64,
    pub(crate) attempt: u32,
}

pub(crate) struct Machine {
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
    /// Where jobs are, if not in the file.
    elsewhere: Option<String>,
    programs: AtomicUsize,
}

impl Machine {
    /// A machine whose programs have leases of 0.8 s, sweep every 0.1 s and may crash as often as it takes.
    pub(crate) fn new() -> Self {
        // The folder for temporary files is often in memory, where a sync costs nothing.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let machine = Self { folder, settings: Vec::new(), elsewhere: None, programs: AtomicUsize::new(0) };
        machine.with("TEST_LEASE_MS", 800).with("TEST_SWEEP_MS", 100).with("TEST_MAX_CRASHES", 1000)
    }

    /// The same with its jobs in the store that this URL names.
    #[cfg_attr(not(test), allow(dead_code, reason = "the benchmarks have a file"))]
    pub(crate) fn on(mut self, url: String) -> Self {
        self.elsewhere = Some(url);
        self
    }

    /// Whether its jobs are in its file.
    pub(crate) fn has_file(&self) -> bool {
        self.elsewhere.is_none()
    }

    /// Where its jobs are.
    pub(crate) fn url(&self) -> String {
        self.elsewhere.clone().unwrap_or_else(|| format!("sqlite:{}", self.file().display()))
    }

    /// The same with a setting of its programs.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self = self.without(name);
        self.settings.push((name, value.to_string()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        self
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of jobs.
    pub(crate) fn file(&self) -> PathBuf {
        self.place("jobs.db")
    }

    /// Makes a file that jobs wait for.
    pub(crate) fn make(&self, name: &str) {
        File::create(self.place(name)).unwrap();
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::open(self.file()).await.unwrap()
    }

    /// Its store, whichever that is.
    pub(crate) async fn any_store(&self) -> Arc<dyn Store> {
        mcpq::store::open(&self.url()).await.unwrap()
    }

    /// A connection beside all others.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// A front desk in this process: it submits and looks, and runs nothing.
    pub(crate) async fn queue(&self) -> Queue {
        let handler = |_| async { Ok(Value::Null) };
        let mut retried = JobOptions::new();
        retried.max_retries = 5;
        let job = |name| {
            let definition = JobDefinition::from_fn(name, "", json!({ "type": "object" }), handler);
            if name == "flaky" { definition.options(retried) } else { definition }
        };
        let builder = Queue::builder().without_linked_jobs().submit_only().cancel_wait(Duration::ZERO);
        let builder = JOBS.into_iter().map(job).fold(builder, |builder, job| builder.job(job));
        builder.max_pending(100_000).store_arc(self.any_store().await).build().await.unwrap().operator()
    }

    /// Arguments, with the places of this machine where `starts` and `until` name a file.
    pub(crate) fn args(&self, arguments: Value) -> ArgMap {
        let Value::Object(mut map) = arguments else { panic!("{arguments} is no object") };
        map.insert("starts".into(), self.place("starts").to_str().unwrap().into());
        if let Some(until) = map.get_mut("until") {
            *until = self.place(until.as_str().unwrap()).to_str().unwrap().into();
        }
        map
    }

    pub(crate) async fn submit(&self, queue: &Queue, job_type: &str, arguments: Value) -> JobId {
        self.try_submit(queue, job_type, arguments).await.unwrap()
    }

    pub(crate) async fn try_submit(
        &self,
        queue: &Queue,
        job_type: &str,
        arguments: Value,
    ) -> Result<JobId, QueueError> {
        Ok(queue.submit_json(job_type, self.args(arguments), SubmitOptions::default()).await?.id)
    }

    /// All starts so far.
    pub(crate) fn starts(&self) -> Vec<Start> {
        let text = std::fs::read_to_string(self.place("starts")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let start = |line: &str| {
            let mut words = line.split(' ');
            let mut next = || words.next().unwrap();
            let id = next().parse().unwrap();
            Start { id, lease: next().parse().unwrap(), attempt: next().parse().unwrap() }
        };
        whole.lines().map(start).collect()
    }

    /// The leases under which a job was started, in order.
    pub(crate) fn starts_of(&self, id: JobId) -> Vec<u64> {
        self.starts().iter().filter(|start| start.id == id).map(|start| start.lease).collect()
    }

    /// Waits until a job has been started so many times.
    pub(crate) async fn started(&self, id: JobId, times: usize) {
        until(&format!("start {times} of job {id}"), async || (self.starts_of(id).len() >= times).then_some(())).await;
    }

    /// A program of this machine.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_test_server"));
        command.args(args).env_clear().envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command.env("MCPQ_STORE", self.url());
        command.env("MCPQ_LOG", "info,rmcp=warn,mcpq_runtime=debug");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts a program that stays. What it logs goes to a file.
    pub(crate) fn start(&self, args: &[&str]) -> Program {
        let log = self.place(&format!("{}.log", self.programs.fetch_add(1, Ordering::SeqCst)));
        let child = self.command(args).stderr(File::create(&log).unwrap()).spawn().unwrap();
        Program { child, log }
    }

    pub(crate) fn worker(&self) -> Program {
        self.start(&["worker"])
    }

    /// Runs a program to its end: its exit code, and what it wrote to standard output and standard error.
    pub(crate) async fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = self.command(args);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = timeout(PATIENCE, output).await.unwrap().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    /// As [`run`](Self::run), with the answer as JSON: from standard output, or where it failed from standard error.
    pub(crate) async fn ask(&self, args: &[&str]) -> (i32, Value) {
        let (code, out, err) = self.run(&[args, &["--json"]].concat()).await;
        let text = if code == 0 { out } else { err };
        let last = text.find('{').map_or("", |begin| &text[begin..]);
        (code, serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {text}")))
    }

    /// Keeps the folder for whoever wants to see what went wrong.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// A process of a machine. It dies with its handle.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Sends a signal, by its name.
    pub(crate) async fn signal(&self, name: &str) {
        // One that has ended has no number any more.
        if let Some(id) = self.child.id() {
            let sent = Command::new("kill").args([format!("-{name}"), id.to_string()]).status().await.unwrap();
            assert!(sent.success(), "kill -{name} {id}");
        }
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for the end; its exit code, or -1 where a signal ended it.
    pub(crate) async fn end(&mut self) -> i32 {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not end: {}", read(&self.log)));
        status.unwrap().code().unwrap_or(-1)
    }

    /// SIGTERM, and its end.
    pub(crate) async fn stop(&mut self) -> i32 {
        self.signal("TERM").await;
        self.end().await
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has logged this.
    pub(crate) async fn says(&self, text: &str) {
        until(&format!("`{text}` is logged"), async || self.has_said(text).then_some(())).await;
    }

    pub(crate) fn has_said(&self, text: &str) -> bool {
        read(&self.log).contains(text)
    }
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap()
}

/// Looks until `found` gives something.
pub(crate) async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "this did not happen: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
