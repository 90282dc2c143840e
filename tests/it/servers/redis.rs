//! Redis servers, started from the system's own program.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mcpq::store::redis::{RedisOptions, RedisStore};

use super::programs::{as_nobody, folder_of, give_to_nobody};

/// Ends the server with whoever started it, however that ends: it reads until nobody holds the other end.
const WATCH: &str = r#""$@" & server=$!; cat >/dev/null; kill -TERM $server 2>/dev/null; wait $server; [ -z "$REMOVE" ] || rm -rf "$REMOVE""#;

/// A server with a folder and a socket of its own.
pub(crate) struct Server {
    folder: PathBuf,
    watch: Option<Child>,
    settings: Vec<String>,
    /// Whether the folder goes with the server.
    removed: bool,
}

/// The server that most tests share; each has a name of its own there.
static SHARED: LazyLock<Server> = LazyLock::new(|| {
    let mut server = Server::prepare(&["--save", "", "--maxclients", "2000"]);
    server.removed = true;
    server.begin();
    server
});

/// A name for a store that nobody has.
pub(crate) fn new_name() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// The socket of the shared server.
pub(crate) fn shared_socket() -> PathBuf {
    SHARED.socket()
}

/// Sends the shared server a command.
pub(crate) fn shared_call(command: &[&str]) -> String {
    SHARED.call(command).unwrap()
}

/// A store of this name on the shared server.
pub(crate) fn shared(name: &str) -> RedisOptions {
    RedisStore::at(&SHARED.url()).unwrap().name(name)
}

impl Server {
    /// Starts a new server with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.begin();
        server
    }

    fn prepare(settings: &[&str]) -> Self {
        // The path of a socket may have 107 bytes, so it is among the temporary files.
        let folder = std::env::temp_dir().join(format!("mcpq-redis-{}", mcpq::JobId::new()));
        std::fs::create_dir(&folder).unwrap();
        give_to_nobody(&folder);
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Self { folder, watch: None, settings, removed: false }
    }

    /// Starts the server, again where it was stopped.
    pub(crate) fn begin(&mut self) {
        assert!(self.watch.is_none(), "it runs");
        let mut running = self.spawn();
        let began = Instant::now();
        while self.call(&["PING"]).is_none_or(|answer| answer != "PONG") {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not start: {log}");
            assert!(running.try_wait().unwrap().is_none(), "the server ended: {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.watch = Some(running);
    }

    fn spawn(&self) -> Child {
        let log = std::fs::File::create(self.folder.join("log")).unwrap();
        let mut server = as_nobody(&programs().join("redis-server"));
        server.args(["--port", "0", "--unixsocket"]).arg(self.socket()).arg("--dir").arg(&self.folder);
        server.args(&self.settings);
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(server.get_program()).args(server.get_args()).current_dir(&self.folder);
        watch.env("REMOVE", if self.removed { self.folder.as_os_str() } else { "".as_ref() });
        watch.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut watch, 0);
        watch.spawn().unwrap()
    }

    /// Sends a command, and gives its answer as text; nothing while the server cannot be reached.
    pub(crate) fn call(&self, command: &[&str]) -> Option<String> {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().ok()?;
        let mut call = redis::Cmd::new();
        command.iter().for_each(|part| _ = call.arg(*part));
        match call.query::<redis::Value>(&mut connection).ok()? {
            redis::Value::BulkString(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            redis::Value::SimpleString(text) => Some(text),
            other => Some(format!("{other:?}")),
        }
    }

    /// Stops the server as an operator does.
    pub(crate) fn stop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            watch.wait().unwrap();
        }
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let info = |line: &str| line.trim().strip_prefix("process_id:").map(str::to_owned);
        let pid = match std::fs::read_to_string(self.folder.join("known")) {
            Ok(pid) => pid,
            Err(_) => {
                let pid = self.call(&["INFO", "server"]).unwrap().lines().find_map(info).unwrap();
                std::fs::write(self.folder.join("known"), &pid).unwrap();
                pid
            }
        };
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Kills the server without a word.
    pub(crate) fn kill(&mut self) {
        self.signal("-KILL");
        let _ = std::fs::remove_file(self.folder.join("known"));
        self.stop();
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.join("socket").display())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was halted would not hear that it shall end.
        if self.watch.is_some() && self.folder.join("known").exists() {
            self.signal("-CONT");
        }
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where the program is.
fn programs() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| folder_of(&["redis-server"], "redis-server", Vec::new));
    &FOUND
}
