//! PostgreSQL servers, started from the system's own programs.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mcpq::store::postgres::{PostgresOptions, PostgresStore};

/// Ends the server with whoever started it, however that ends: it reads until nobody holds the other end.
const WATCH: &str = r#""$@" & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server; [ -z "$REMOVE" ] || rm -rf "$REMOVE""#;

/// A server with a folder and a socket of its own.
pub(crate) struct Server {
    folder: PathBuf,
    watch: Option<Child>,
    settings: Vec<String>,
    /// Whether the folder goes with the server.
    removed: bool,
}

/// The server that most tests share; each has a schema of its own there.
static SHARED: LazyLock<Server> = LazyLock::new(|| {
    // Nothing of it is of use to anybody after this process: what it promises of the disk is tested elsewhere.
    let mut server = Server::prepare(&["fsync=off", "max_connections=600"]);
    server.removed = true;
    server.begin();
    server
});

/// A name for a schema that nobody has.
pub(crate) fn new_schema() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// A new store on the shared server, in this schema.
pub(crate) fn shared(schema: &str) -> PostgresOptions {
    PostgresStore::at(&SHARED.url()).unwrap().schema(schema)
}

/// Where the shared server is.
pub(crate) fn shared_url() -> String {
    SHARED.url()
}

impl Server {
    /// Starts a new server with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.begin();
        server
    }

    fn prepare(settings: &[&str]) -> Self {
        // The path of a socket may have 107 bytes, so the folder of temporary files it is.
        let folder = std::env::temp_dir().join(format!("mcpq-postgres-{}", mcpq::JobId::new()));
        std::fs::create_dir(&folder).unwrap();
        if is_root() {
            let user = Command::new("chown").args(["nobody"]).arg(&folder).status().unwrap();
            assert!(user.success(), "the folder cannot be given to the user `nobody`");
        }
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = Self { folder, watch: None, settings, removed: false };
        let output = server
            .program("initdb")
            .args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(server.data())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        server
    }

    /// Starts the server again after it was stopped.
    pub(crate) fn begin(&mut self) {
        assert!(self.watch.is_none(), "it runs");
        let log = std::fs::File::create(self.folder.join("log")).unwrap();
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        for setting in self.settings.iter().map(String::as_str).chain(["listen_addresses="]) {
            server.arg("-c").arg(setting);
        }
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(server.get_program()).args(server.get_args());
        watch.env("REMOVE", if self.removed { self.folder.as_os_str() } else { "".as_ref() });
        watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut watch, 0);
        self.watch = Some(watch.spawn().unwrap());
        let began = Instant::now();
        loop {
            let ready = self.program("pg_isready").arg("-q").arg("-h").arg(&self.folder).status().unwrap();
            if ready.success() {
                return;
            }
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server; what it has committed stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            watch.wait().unwrap();
        }
    }

    /// Kills the server without a word.
    pub(crate) fn kill(&mut self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
        self.stop();
        // Its children end by themselves, and hold their memory until then.
        std::thread::sleep(Duration::from_millis(300));
    }

    pub(crate) fn url(&self) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/postgres")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program of PostgreSQL, run as somebody whom it does not refuse.
    fn program(&self, name: &str) -> Command {
        let path = binaries().join(name);
        if !is_root() {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(path);
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where the programs are.
fn binaries() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        let told = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
        let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        installed.sort();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = installed.into_iter().rev().chain(told).chain(std::env::split_paths(&path));
        places.find(|place| place.join("initdb").exists() && place.join("postgres").exists()).unwrap_or_else(|| {
            panic!(
                "these tests need the programs of a PostgreSQL server; `tests/run` installs them, or on Debian and \
                 Ubuntu `apt-get install postgresql`, on macOS `brew install postgresql`"
            )
        })
    });
    &FOUND
}
