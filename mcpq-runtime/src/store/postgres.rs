//! The PostgreSQL store: a database, for any number of processes on any number of machines.

mod connections;
mod error;
mod hearing;
mod id;
mod insert;
mod joined;
mod journal;
mod listing;
mod news;
mod requests;
mod row;
mod schema;
mod statements;
mod step;
mod sweep;
mod text;
mod transaction;
mod url;
mod workers;

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgPool},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
    ListFilter, Listeners, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed,
    Replayed, Rescued, Selection, Settled, Store, StoreError, StoreListener,
};
use crate::job::{JobId, JobRecord, Payload, Scope};
use {connections::Connections, insert::Submits, news::Outbox, statements::Statements};

/// Connections that are kept for renewals and notifications, whatever else goes on.
const RESERVED: usize = 2;

/// How to open a [`PostgresStore`].
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use mcpq_runtime::{Queue, store::postgres::PostgresStore};
///
/// let store = PostgresStore::at("postgres://jobs@db.internal/app")?.schema("analytics").max_connections(20).open().await?;
/// let queue = Queue::builder().store(store).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a store is opened by `open`"]
pub struct PostgresOptions {
    connect: PgConnectOptions,
    schema: String,
    listens: bool,
    connections: usize,
    wait: Duration,
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("listens", &self.listens)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    fn new(connect: PgConnectOptions) -> Self {
        let named = connect.get_application_name().is_some();
        let connect = if named { connect } else { connect.application_name("mcpq") };
        Self {
            connect: connect.disable_statement_logging(),
            schema: "mcpq".to_owned(),
            listens: true,
            connections: 10,
            wait: Duration::from_secs(10),
        }
    }

    /// The schema that holds the tables, `mcpq` unless told otherwise. Stores in different schemas do not see each other.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// Whether a connection of its own listens for wake-ups: yes, unless told otherwise. Switch it off where the way to
    /// the server leads through a pooler that gives a connection to each transaction: workers then look for jobs every
    /// two seconds, and nothing relies on what a session remembers, prepared statements included, at the price of more
    /// round trips.
    pub fn listen(mut self, listen: bool) -> Self {
        self.listens = listen;
        self
    }

    /// Most connections in use at once, 10 unless told otherwise. Three more are kept for renewals and for wake-ups.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// How long a call waits for a free connection: 10 s unless told otherwise.
    pub fn acquire_timeout(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Connects, and makes the schema and its tables or brings those of an earlier version to this.
    ///
    /// # Errors
    /// `Unavailable` where the server cannot be reached; `Unsuitable` where it refuses, is too old, or holds tables of
    /// another program or of a newer version.
    pub async fn open(self) -> Result<PostgresStore, StoreError> {
        schema::check_name(&self.schema)?;
        let connections = Connections::new(self.connect.clone(), self.connections, self.wait, self.listens);
        let reserved = connections.reserved(RESERVED);
        let locks = Locks::of(&self.schema);
        connections::retried!(schema::prepare(&connections, &self.schema, locks.inserts))?;
        let stop = CancellationToken::new();
        let inner = Arc::new(Inner {
            channel: format!("mcpq_{}", self.schema),
            sql: Statements::new(&self.schema),
            schema: self.schema,
            origin: uuid::Uuid::now_v7().as_simple().to_string(),
            connections,
            reserved,
            listeners: Listeners::default(),
            outbox: Outbox::default(),
            submits: Submits::default(),
            full: AtomicBool::new(false),
            locks,
            _stop: stop.clone().drop_guard(),
        });
        if self.listens {
            hearing::start(&inner, self.connect, stop);
        }
        Ok(PostgresStore(inner))
    }
}

/// Keeps jobs in a PostgreSQL database that any number of processes on any number of machines share. Clones are the same
/// store.
///
/// What was acknowledged has been committed, as the server's `synchronous_commit` says. Submits that come while one is
/// committed are committed together. What other processes commit is heard of within milliseconds.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    schema: String,
    channel: String,
    /// Names this handle in what it tells others.
    origin: String,
    sql: Statements,
    connections: Connections,
    reserved: Connections,
    listeners: Listeners,
    outbox: Outbox,
    submits: Submits,
    /// A claim of this process may have left a type at its limit: an end makes room that is worth telling.
    full: AtomicBool,
    locks: Locks,
    _stop: DropGuard,
}

/// Classes of advisory locks, which are the whole database's: made from the schema's name, so that schemas do not wait for
/// each other.
struct Locks {
    inserts: i32,
    limits: i32,
    sweep: i32,
}

impl Locks {
    fn of(schema: &str) -> Self {
        let class = |what: &str| {
            let digest: [u8; 32] = Sha256::digest(format!("mcpq {what} {schema}")).into();
            i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
        };
        Self { inserts: class("inserts"), limits: class("limits"), sweep: class("sweep") }
    }
}

impl Inner {
    fn note_full(&self) {
        self.full.store(true, Ordering::SeqCst);
    }

    /// Whether somebody waits for a place under a limit, who is told now.
    fn take_full(&self) -> bool {
        self.full.load(Ordering::SeqCst) && self.full.swap(false, Ordering::SeqCst)
    }
}

impl PostgresStore {
    /// Starts to open the database that a URL names: `postgres://user:password@host/database`, with the options of
    /// PostgreSQL's own URLs and `schema=NAME`, `listen=on|off` and `max_connections=N` behind a question mark. What it
    /// leaves out comes from the variables `PGHOST`, `PGUSER`, `PGPASSWORD` and so on.
    ///
    /// # Errors
    /// `Unsuitable` for a URL that is not understood, which is not repeated, since it may hold a password.
    pub fn at(url: &str) -> Result<PostgresOptions, StoreError> {
        url::read(url)
    }

    /// Opens the database that a URL names.
    ///
    /// # Errors
    /// As [`PostgresStore::at`] and [`PostgresOptions::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::at(url)?.open().await
    }

    /// Starts to open the database that a pool leads to. The store makes connections of its own in the same way, so
    /// that a pool which the application has emptied does not cost jobs their leases.
    pub fn from_pool(pool: &PgPool) -> PostgresOptions {
        PostgresOptions::new((*pool.connect_options()).clone())
    }

    /// Starts to open the database that these options lead to.
    pub fn with(options: PgConnectOptions) -> PostgresOptions {
        PostgresOptions::new(options)
    }

    /// The schema that holds the tables.
    pub fn schema(&self) -> &str {
        &self.0.schema
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.0.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        self.0.insert(jobs, bound).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        self.0.claim(request).await
    }

    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        self.0.renew(leases, lease).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        Ok(self.0.finish(&finishes, None).await?.0)
    }

    async fn finish_and_claim(
        &self,
        finishes: Vec<Finish>,
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        self.0.finish(&finishes, Some(request).filter(|request| request.max > 0)).await
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        self.0.release(leases).await
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        self.0.progress(&writes).await
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        self.0.park(&park).await
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        self.0.answer(scope, id, &answers).await
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        self.0.request_cancel(scope, id).await
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        self.0.replay(scope, id, bound).await
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        self.0.remove(scope, id).await
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.0.get(scope, id).await
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        self.0.get_result(scope, id).await
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        self.0.list(scope, filter, page).await
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        self.0.counts(scope).await
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        self.0.next_due(selection).await
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        self.0.rescue(max_crashes, limit).await
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.0.prune(limit).await
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        self.0.journal(lease).await
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        self.0.journal_write(lease, key, &value).await
    }

    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        self.0.heartbeat(worker, keep).await
    }

    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        self.0.workers().await
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        self.0.listeners.add(listener);
    }
}
