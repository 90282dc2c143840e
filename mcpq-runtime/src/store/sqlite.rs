//! The SQLite store: one file, for any number of processes on one machine.

mod busy;
mod claim;
mod clock;
mod error;
mod gate;
mod insert;
mod journal;
mod limits;
mod listing;
mod open;
mod place;
mod readers;
mod requests;
mod row;
mod schema;
mod steps;
mod sweep;
mod transaction;
mod watcher;
mod workers;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
    ListFilter, Listeners, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed,
    Replayed, Rescued, Selection, Settled, Store, StoreError, StoreListener,
};
use crate::job::{JobId, JobRecord, Payload, Scope};
pub use open::Synchronous;
use open::{Options, Use};
use {clock::Clock, readers::Readers, writer::Load, writer::Writer};

/// Reads that may go on at once.
const READERS: usize = 2;

/// How to open a [`SqliteStore`].
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use mcpq_runtime::{Queue, store::sqlite::SqliteStore};
///
/// let store = SqliteStore::at("/var/lib/analytics/jobs.db").max_bytes(10 << 30).open().await?;
/// let queue = Queue::builder().store(store).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a file is opened by `open`"]
pub struct SqliteOptions(Options);

impl SqliteOptions {
    /// What a commit waits for: the disk unless told otherwise.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.0.synchronous = synchronous;
        self
    }

    /// How large the file may grow, without its log; beyond it submits are refused as on a full disk.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.0.max_bytes = Some(bytes);
        self
    }

    /// How long a call waits while another process writes: 5 s unless told otherwise.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.0.busy_timeout = timeout.min(Duration::from_secs(3600));
        self
    }

    /// Opens the file, makes it where there is none, and brings one of an earlier version to this.
    ///
    /// # Errors
    /// `Unsuitable` for a place that cannot be written, a network disk, a file of another program or of a newer version.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open_blocking(&self.0)).await;
        opened.unwrap_or_else(|panic| {
            Err(StoreError::Unavailable { message: "opening it failed".to_owned(), source: Some(Box::new(panic)) })
        })
    }
}

/// Keeps jobs in an SQLite file that any number of processes on one machine may share. Clones are the same store.
///
/// What was acknowledged has been committed, and by default has reached the disk. One thread writes, and commits what is
/// asked for meanwhile together; reads wait for no write. What other processes commit is noticed within 50 ms.
#[derive(Clone)]
pub struct SqliteStore {
    path: Arc<Path>,
    writer: Writer,
    readers: Readers,
    listeners: Arc<Listeners>,
    clock: Clock,
}

impl SqliteStore {
    /// Starts to open a file.
    pub fn at(path: impl Into<PathBuf>) -> SqliteOptions {
        SqliteOptions(Options {
            path: path.into(),
            synchronous: Synchronous::Full,
            max_bytes: None,
            busy_timeout: Duration::from_secs(5),
        })
    }

    /// Opens a file with the defaults.
    ///
    /// # Errors
    /// As [`SqliteOptions::open`].
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::at(path).open().await
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_blocking(options: &Options) -> Result<Self, StoreError> {
        let (connection, clock) = open::prepare(options)?;
        let listeners = Arc::new(Listeners::default());
        let process = uuid::Uuid::now_v7().as_bytes().to_vec();
        let reading = || open::connect(options, Use::Read);
        let reads = (0..READERS).map(|_| reading()).collect::<Result<Vec<_>, _>>()?;
        let watch = reading()?;
        let threads = || -> std::io::Result<(Writer, Readers)> {
            let writer = Writer::start(connection, clock.clone(), options, listeners.clone(), process.clone())?;
            watcher::start(watch, &listeners, process)?;
            Ok((writer, Readers::start(reads, options.busy_timeout)?))
        };
        let (writer, readers) = threads().map_err(|error| StoreError::Unavailable {
            message: format!("its threads could not be started: {error}"),
            source: Some(Box::new(error)),
        })?;
        Ok(Self { path: options.path.as_path().into(), writer, readers, listeners, clock })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        let bytes = jobs.iter().map(|job| job.args.len()).sum();
        self.writer.call(Load::lasting(jobs.len()).with(bytes), move |tx| tx.insert(&jobs, bound)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let request = request.clone();
        self.writer.call(Load::lasting(request.max).of_worker(), move |tx| tx.claim(&request)).await
    }

    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        let leases = leases.to_vec();
        self.writer.call(Load::seen(leases.len()).of_worker(), move |tx| tx.renew(&leases, lease)).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        let load = Load::lasting(finishes.len()).of_worker();
        self.writer.call(load, move |tx| tx.finish_all(&finishes)).await
    }

    async fn finish_and_claim(
        &self,
        finishes: Vec<Finish>,
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        let request = request.clone();
        let load = Load::lasting(finishes.len() + request.max).of_worker();
        self.writer.call(load, move |tx| Ok((tx.finish_all(&finishes)?, tx.claim_along(&request)?))).await
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        let leases = leases.to_vec();
        self.writer.call(Load::lasting(leases.len()).of_worker(), move |tx| tx.release_all(&leases)).await
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        self.writer.call(Load::seen(writes.len()).of_worker(), move |tx| tx.progress(&writes)).await
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        let bytes = park.questions.iter().map(|(_, question)| question.len()).sum();
        self.writer.call(Load::lasting(1).with(bytes), move |tx| tx.park(&park)).await
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        let scope = scope.clone();
        let bytes = answers.iter().map(|(_, answer)| answer.len()).sum();
        self.writer.call(Load::lasting(1).with(bytes), move |tx| tx.answer(&scope, id, &answers)).await
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        let scope = scope.clone();
        self.writer.call(Load::lasting(1), move |tx| tx.request_cancel(&scope, id)).await
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        let scope = scope.clone();
        self.writer.call(Load::lasting(1), move |tx| tx.replay(&scope, id, bound)).await
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        let scope = scope.clone();
        self.writer.call(Load::lasting(1), move |tx| tx.remove(&scope, id)).await
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let scope = scope.clone();
        self.readers.call(move |sql| listing::get(sql, &scope, id)).await
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        let scope = scope.clone();
        self.readers.call(move |sql| listing::get_result(sql, &scope, id)).await
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.readers.call(move |sql| listing::list(sql, &scope, &filter, &page)).await
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        let scope = scope.clone();
        self.readers.call(move |sql| listing::counts(sql, &scope)).await
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        let (selection, now) = (selection.clone(), self.clock.now().due);
        self.readers.call(move |sql| listing::next_due(sql, &selection, now)).await
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        self.writer.call(Load::lasting(limit).of_worker(), move |tx| tx.rescue(max_crashes, limit)).await
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.writer.call(Load::lasting(limit), move |tx| tx.prune(limit)).await
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        self.readers.call(move |sql| journal::read(sql, lease)).await
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        let key = key.to_owned();
        self.writer.call(Load::lasting(1).with(value.len()), move |tx| tx.journal_write(lease, &key, &value)).await
    }

    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        let worker = worker.clone();
        self.writer.call(Load::seen(1).of_worker(), move |tx| tx.heartbeat(&worker, keep)).await
    }

    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        let now = self.clock.now().lease;
        self.readers.call(move |sql| workers::live(sql, now)).await
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        self.listeners.add(listener);
    }
}
