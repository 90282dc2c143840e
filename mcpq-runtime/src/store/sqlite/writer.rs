//! The one thread that writes: what is asked for while it commits goes into the next commit together.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{
    busy::{is_busy, retrying},
    clock::Clock,
    error::{gone, locked, panicked, store_error},
    gate::{Gate, Ticket},
    open::{Options, Synchronous},
    place::Db,
    transaction::{Local, News, Tx},
};
use crate::store::{Listeners, StoreError};

/// Most calls in one commit.
const GROUP: usize = 256;

/// How long a commit waits at most for more calls: a part of what it takes. Whoever was answered asks again in a moment,
/// and a commit for the first of them alone would keep the others waiting for a whole one.
const LINGER: Duration = Duration::from_micros(150);

/// Jobs from which on a commit is worth its while, whoever else may come.
const CROWD: usize = 32;

/// How long nothing may be asked for before the log is brought home.
const IDLE: Duration = Duration::from_millis(500);

/// The log beside the file is looked at once in so many commits, and told of where it has grown to so many bytes.
const LOOK_AT_LOG: u32 = 64;
const LARGE_LOG: u64 = 128 << 20;

/// How long it waits when it has nothing to do at all.
const FOR_LONG: Duration = Duration::from_secs(3600);

/// How much a call needs of its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    /// To be seen by others: a loss of power may take it back, since it takes the worker along.
    Sight,
    /// To last.
    Disk,
}

/// What a call is to the writer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    needs: Needs,
    /// Jobs that it concerns.
    jobs: usize,
    /// Bytes that it holds while it waits.
    bytes: usize,
    /// A worker's, which has few of them at a time: it never waits for a place behind others.
    of_worker: bool,
}

impl Load {
    /// A call about so many jobs, that is to last.
    pub(super) fn lasting(jobs: usize) -> Self {
        Self { needs: Needs::Disk, jobs, bytes: 0, of_worker: false }
    }

    /// A call about so many jobs, that is to be seen.
    pub(super) fn seen(jobs: usize) -> Self {
        Self { needs: Needs::Sight, jobs, bytes: 0, of_worker: false }
    }

    /// Holds so many bytes.
    pub(super) fn with(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Is a worker's: leases run out while such a call waits.
    pub(super) fn of_worker(self) -> Self {
        Self { of_worker: true, ..self }
    }
}

/// One call. It may be run more than once, each time from the start.
trait Task: Send {
    /// Whether nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Call<T, F> {
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    _ticket: Option<Ticket>,
}

impl<T: Send, F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send> Task for Call<T, F> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.done = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { done, reply, .. } = *self;
        // Whoever asked may have given up meanwhile; what was committed stays.
        let _ = reply.send(outcome.and_then(|()| done.ok_or_else(gone)));
    }
}

struct Request {
    load: Load,
    came: Instant,
    task: Box<dyn Task>,
}

/// Hands calls to the writer.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    requests: Sender<Request>,
    gate: Gate,
}

impl Writer {
    /// Starts the thread. It ends, after all it was asked for, when every handle is gone.
    pub(super) fn start(
        connection: Connection,
        clock: Clock,
        options: &Options,
        listeners: Arc<Listeners>,
        process: Vec<u8>,
    ) -> std::io::Result<Self> {
        let (sender, requests) = channel();
        // The thread waits by itself.
        connection.busy_timeout(Duration::ZERO).map_err(std::io::Error::other)?;
        let thread = Thread {
            db: Db::new(connection),
            clock,
            listeners,
            process,
            local: Local::default(),
            lasting: options.synchronous == Synchronous::Full,
            wait: options.busy_timeout,
            level: None,
            commits: 0,
            large: LARGE_LOG,
        };
        std::thread::Builder::new().name("mcpq-sqlite-write".into()).spawn(move || thread.run(&requests))?;
        Ok(Self { requests: sender, gate: Gate::new(options.busy_timeout) })
    }

    /// Runs `work` inside a commit and returns what it gave, once that is committed. Where the caller does not wait any
    /// more, it is done wholly or not at all.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        load: Load,
        work: impl FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ticket = if load.of_worker { None } else { Some(self.gate.enter(load.bytes).await?) };
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Call { work, done: None, reply, _ticket: ticket });
        self.requests.send(Request { load, came: Instant::now(), task }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

struct Thread {
    db: Db,
    clock: Clock,
    listeners: Arc<Listeners>,
    /// Names this process in the file, so that others know when somebody else wrote.
    process: Vec<u8>,
    local: Local,
    /// Whether commits wait for the disk at all.
    lasting: bool,
    /// How long a commit waits for another process.
    wait: Duration,
    /// What the connection was last set to.
    level: Option<Needs>,
    commits: u32,
    /// From which size on the log is told of.
    large: u64,
}

impl Thread {
    fn run(mut self, requests: &Receiver<Request>) {
        let mut tidy = true;
        let mut group = Vec::new();
        loop {
            if group.is_empty() {
                match requests.recv_timeout(if tidy { FOR_LONG } else { IDLE }) {
                    Ok(first) => group.push(first),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        tidy = true;
                        self.bring_home("PASSIVE");
                        continue;
                    }
                }
            }
            tidy = false;
            group.extend(requests.try_iter().take(GROUP - group.len()));
            group.retain(|request| !request.task.is_abandoned());
            if group.is_empty() {
                continue;
            }
            let answered = group.len();
            let committed = self.commit(&mut group);
            // Who came meanwhile, and who is answered now and asks again in a moment, make the next group.
            let mut next = self.answer(committed, group);
            next.extend(requests.try_iter().take(GROUP.saturating_sub(next.len())));
            let jobs: usize = next.iter().map(|request| request.load.jobs).sum();
            if (answered > 1 || !next.is_empty()) && jobs < CROWD {
                let expected = (next.len() + answered).min(GROUP);
                let until = Instant::now() + LINGER;
                while next.len() < expected
                    && let Ok(more) = next_within(requests, until.saturating_duration_since(Instant::now()))
                {
                    next.push(more);
                }
            }
            group = next;
        }
        self.bring_home("TRUNCATE");
    }

    /// Answers a group. Where its commit failed, each call is tried alone, so that the one at fault spoils no other. Where
    /// another process writes, those are given back that have not waited long enough.
    fn answer(&mut self, committed: rusqlite::Result<News>, group: Vec<Request>) -> Vec<Request> {
        match committed {
            Ok(news) => {
                group.into_iter().for_each(|request| request.task.answer(Ok(())));
                news.tell(&self.listeners);
                Vec::new()
            }
            Err(error) if is_busy(&error) => {
                let (late, early): (Vec<Request>, Vec<Request>) =
                    group.into_iter().partition(|request| request.came.elapsed() >= self.wait);
                late.into_iter().for_each(|request| request.task.answer(Err(locked())));
                early
            }
            Err(error) if group.len() == 1 => {
                let mut error = Some(error);
                group
                    .into_iter()
                    .for_each(|request| request.task.answer(Err(error.take().map_or_else(gone, store_error))));
                Vec::new()
            }
            Err(_) => {
                let mut group = group.into_iter();
                let mut left = Vec::new();
                while let Some(request) = group.next() {
                    let mut alone = vec![request];
                    let committed = self.commit(&mut alone);
                    if committed.as_ref().is_err_and(is_busy) {
                        // The others would find the same.
                        alone.extend(group.by_ref());
                    }
                    left.extend(self.answer(committed, alone));
                }
                // What the failed commit had noted to tell went with it.
                self.listeners.each(|listener| listener.resync());
                left
            }
        }
    }

    fn commit(&mut self, group: &mut [Request]) -> rusqlite::Result<News> {
        // A transaction that is dropped is taken back, so nothing half done is left of a panic.
        let committed = catch_unwind(AssertUnwindSafe(|| self.try_commit(group))).unwrap_or_else(|_| Err(panicked()));
        if committed.is_err() {
            // What was remembered may have been taken back.
            self.db.forget_places();
            self.local.held.clear();
        }
        committed
    }

    fn try_commit(&mut self, group: &mut [Request]) -> rusqlite::Result<News> {
        let needs = group.iter().map(|request| request.load.needs).max().unwrap_or(Needs::Disk);
        if self.lasting && self.level != Some(needs) {
            let level = if needs == Needs::Disk { "full" } else { "normal" };
            self.db.pragma_update(None, "synchronous", level)?;
            self.level = Some(needs);
        }
        if !self.lasting && self.level.is_none() {
            self.db.pragma_update(None, "synchronous", "normal")?;
            self.level = Some(needs);
        }
        let begin = || Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate);
        // However many wait, each waits as long as it was told.
        let waited = group.iter().map(|request| request.came.elapsed()).max().unwrap_or_default();
        let transaction = retrying(self.wait.saturating_sub(waited), begin)?;
        let mut tx = Tx::new(&self.db, self.clock.now(), &mut self.local);
        for request in group {
            request.task.run(&mut tx)?;
        }
        let news = tx.finish(&self.process)?;
        transaction.commit()?;
        self.commits = self.commits.wrapping_add(1);
        if self.commits.is_multiple_of(LOOK_AT_LOG) {
            self.look_at_log();
        }
        Ok(news)
    }

    /// A program that reads one state of the file for long keeps the log from being brought home, until the disk is full.
    fn look_at_log(&mut self) {
        let log = self.db.path().map(|path| format!("{path}-wal"));
        let size = log.and_then(|log| std::fs::metadata(log).ok()).map_or(0, |log| log.len());
        if size >= self.large {
            self.large = size.saturating_mul(2);
            tracing::warn!(
                megabytes = size >> 20,
                "the log of the store cannot be brought home: a program keeps a read of the file open (a backup, a shell, \
                 a frozen process); end it"
            );
        } else if size < LARGE_LOG {
            self.large = LARGE_LOG;
        }
    }

    /// Moves what the log holds into the file itself, where nobody is in the way.
    fn bring_home(&self, how: &str) {
        let result = self.db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()));
        if let Err(error) = result {
            tracing::debug!(%error, "the log of the store was not brought home");
        }
    }
}

/// The next call, if it comes within `time`: looked for again and again, and not slept for, since that is over sooner than a
/// sleep would be.
fn next_within(requests: &Receiver<Request>, time: Duration) -> Result<Request, TryRecvError> {
    let until = Instant::now() + time;
    loop {
        match requests.try_recv() {
            Err(TryRecvError::Empty) if Instant::now() < until => std::thread::yield_now(),
            done => return done,
        }
    }
}
