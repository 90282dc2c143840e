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
use sqlx::{Connection, PgConnection};

use super::programs::{self, as_nobody, folder_of, give_to_nobody};

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

/// The same through a pooler that gives a connection to each transaction.
pub(crate) fn pooled(schema: &str) -> PostgresOptions {
    static POOLER: LazyLock<Pooler> = LazyLock::new(|| Pooler::start(&SHARED, 20, true));
    PostgresStore::at(&POOLER.url()).unwrap().schema(schema).listen(false)
}

/// Where the shared server is.
pub(crate) fn shared_url() -> String {
    SHARED.url()
}

/// The same of another database there.
pub(crate) fn shared_url_of(database: &str) -> String {
    SHARED.url_of("postgres", database)
}

/// The socket of the shared server.
pub(crate) fn shared_socket() -> PathBuf {
    SHARED.socket()
}

impl Server {
    /// Starts a new server with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.begin();
        server
    }

    fn prepare(settings: &[&str]) -> Self {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = Self { folder: new_folder("postgres"), watch: None, settings, removed: false };
        let output = server
            .program("initdb")
            .args(["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(server.data())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // A user of this name must say a password.
        let rules = "local all guarded scram-sha-256\nlocal all all trust\n";
        std::fs::write(server.data().join("pg_hba.conf"), rules).unwrap();
        server
    }

    /// Starts the server, again where it was stopped.
    pub(crate) fn begin(&mut self) {
        assert!(self.watch.is_none(), "it runs");
        let began = Instant::now();
        let mut running = self.spawn();
        while !self.is_ready() {
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not start: {}", log(&self.folder));
            // What was killed holds its memory until the last of its processes has noticed.
            if running.try_wait().unwrap().is_some() {
                running = self.spawn();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.watch = Some(running);
    }

    fn spawn(&self) -> Child {
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        for setting in self.settings.iter().map(String::as_str).chain(["listen_addresses="]) {
            server.arg("-c").arg(setting);
        }
        watched(&server, &self.folder, self.removed)
    }

    fn is_ready(&self) -> bool {
        self.program("pg_isready").arg("-q").arg("-h").arg(&self.folder).status().unwrap().success()
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
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("postgres", "postgres")
    }

    /// Where this user finds this database.
    pub(crate) fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}/{database}", written(&self.folder))
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// A connection beside all others.
    pub(crate) async fn sql(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = as_nobody(&programs::of_postgres().join(name));
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

/// A pooler in front of a server, that gives a connection to each transaction.
struct Pooler {
    folder: PathBuf,
    watch: Child,
}

impl Pooler {
    /// Starts one with so many connections to the server.
    fn start(server: &Server, connections: usize, removed: bool) -> Self {
        static FOUND: LazyLock<PathBuf> = LazyLock::new(|| folder_of(&["pgbouncer"], "pgbouncer", Vec::new));
        let folder = new_folder("pooler");
        let settings = format!(
            "[databases]\n* = host={server} user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {own}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 500\n",
            server = server.folder.display(),
            own = folder.display(),
        );
        std::fs::write(folder.join("settings.ini"), settings).unwrap();
        let mut program = as_nobody(&FOUND.join("pgbouncer"));
        program.arg("-q").arg(folder.join("settings.ini"));
        let pooler = Self { watch: watched(&program, &folder, removed), folder };
        let mut tries = 0;
        while std::os::unix::net::UnixStream::connect(pooler.folder.join(".s.PGSQL.6432")).is_err() {
            tries += 1;
            assert!(tries < 6000, "the pooler does not start: {}", log(&pooler.folder));
            std::thread::sleep(Duration::from_millis(10));
        }
        pooler
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}:6432/postgres", written(&self.folder))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A new folder for a server's files. The path of a socket may have 107 bytes, so it is among the temporary files.
fn new_folder(what: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mcpq-{what}-{}", mcpq::JobId::new()));
    std::fs::create_dir(&folder).unwrap();
    give_to_nobody(&folder);
    folder
}

/// Starts a server that ends with this process.
fn watched(server: &Command, folder: &Path, removed: bool) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut watch = Command::new("sh");
    watch.args(["-c", WATCH, "sh"]).arg(server.get_program()).args(server.get_args()).current_dir(folder);
    watch.env("REMOVE", if removed { folder.as_os_str() } else { "".as_ref() });
    watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    std::os::unix::process::CommandExt::process_group(&mut watch, 0);
    watch.spawn().unwrap()
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// A folder as the host of a URL.
fn written(folder: &Path) -> String {
    folder.display().to_string().replace('/', "%2F")
}
