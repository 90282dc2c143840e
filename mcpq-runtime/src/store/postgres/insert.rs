//! New jobs. What callers ask for while an insert is under way goes into the next one together.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use sqlx::{
    Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use tokio::sync::oneshot;

use super::{
    Inner,
    connections::{Repeat, query},
    error::{Trouble, unavailable},
    id::Id,
    news::News,
    row::micros,
    text::name,
};
use crate::{
    job::{JobId, Scope, Unique},
    store::{Bound, Depth, InsertReply, Inserted, NewJob, RunAt, StoreError},
};

/// Most calls that wait, and most jobs in one statement of several calls.
const MAX_WAITING: usize = 10_000;
const MAX_JOBS: usize = 1_000;

/// Statements of one process at once.
const AT_ONCE: usize = 2;

/// Jobs from which on the bound is looked at exactly.
const MANY: usize = 128;

/// How long inserts count exactly after the bound was near.
const NEAR: Duration = Duration::from_millis(500);

/// Most that a bound can mean to the database; beyond it there is none.
const UNBOUNDED: i64 = 1 << 62;

/// The shard of the counts: one of those that all sessions share.
const SHARED: i16 = -1;

type Answer = Result<InsertReply, StoreError>;

struct Call {
    jobs: Vec<NewJob>,
    bound: Bound,
    reply: oneshot::Sender<Answer>,
}

/// The calls that wait for an insert.
#[derive(Default)]
pub(super) struct Submits(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    calls: Vec<Call>,
    /// How many take them.
    takers: usize,
    /// Until when inserts count exactly.
    near: Option<Instant>,
}

impl Submits {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that takes calls; another is found if this one is dropped with its runtime.
struct Taker {
    store: Weak<Inner>,
    /// Whether it is among those who take.
    counts: bool,
}

impl Drop for Taker {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade().filter(|_| self.counts) {
            let mut waiting = store.submits.lock();
            waiting.takers -= 1;
            // Whoever waits for nobody is told.
            let left = if waiting.takers == 0 { std::mem::take(&mut waiting.calls) } else { Vec::new() };
            drop(waiting);
            drop(left);
        }
    }
}

impl Inner {
    pub(super) async fn insert(self: &Arc<Self>, jobs: Vec<NewJob>, bound: Bound) -> Answer {
        if jobs.is_empty() {
            return Ok(InsertReply::Done(Vec::new()));
        }
        let (reply, answer) = oneshot::channel();
        let taker = {
            let mut waiting = self.submits.lock();
            if waiting.calls.len() >= MAX_WAITING {
                return Err(unavailable("too many submits are waiting for the database"));
            }
            waiting.calls.push(Call { jobs, bound, reply });
            let needed = waiting.takers == 0 || (waiting.takers < AT_ONCE && waiting.calls.len() > 1);
            waiting.takers += usize::from(needed);
            needed.then(|| Taker { store: Arc::downgrade(self), counts: true })
        };
        if let Some(taker) = taker {
            tokio::spawn(take(taker));
        }
        answer.await.unwrap_or_else(|_| Err(unavailable("the runtime that submitted has ended")))
    }

    /// The next calls for one statement.
    fn next_calls(&self) -> Vec<Call> {
        let mut waiting = self.submits.lock();
        let mut jobs = 0;
        let fits = |call: &&Call| {
            jobs += call.jobs.len();
            jobs <= MAX_JOBS
        };
        let count = waiting.calls.iter().take_while(fits).count().max(1).min(waiting.calls.len());
        waiting.calls.drain(..count).collect()
    }

    async fn insert_calls(self: &Arc<Self>, calls: Vec<Call>) {
        match self.insert_together(&calls).await {
            Ok(replies) => {
                let created = |reply: &InsertReply| match reply {
                    InsertReply::Done(replies) => replies.iter().any(|reply| matches!(reply, Inserted::Created)),
                    InsertReply::Full(_) => false,
                };
                let news = News { ready: replies.iter().any(created), ..News::default() };
                for (call, reply) in calls.into_iter().zip(replies) {
                    let _ = call.reply.send(Ok(reply));
                }
                self.tell(news);
            }
            Err(error) if calls.len() == 1 => {
                for call in calls {
                    let _ = call.reply.send(Err(error_again(&error)));
                }
            }
            // The one at fault spoils no other.
            Err(error) if !error.is_transient() => {
                for call in calls {
                    Box::pin(self.insert_calls(vec![call])).await;
                }
            }
            Err(error) => {
                for call in calls {
                    let _ = call.reply.send(Err(error_again(&error)));
                }
            }
        }
    }

    async fn insert_together(&self, calls: &[Call]) -> Result<Vec<InsertReply>, StoreError> {
        let total: usize = calls.iter().map(|call| call.jobs.len()).sum();
        let is_near = self.submits.lock().near.is_some_and(|until| Instant::now() < until);
        let mut exactly = is_near || total > MANY;
        loop {
            let ask = || self.ask_insert(calls.iter().map(|call| (&*call.jobs, call.bound)), exactly, SHARED);
            // A job that is there already is answered as the first time.
            let rows = self.connections.rows(Repeat::Always, ask).await?;
            let replies = read(calls.iter().map(|call| call.jobs.len()), &rows).map_err(Trouble::from)?;
            let Some(replies) = replies else {
                self.submits.lock().near = Some(Instant::now() + NEAR);
                exactly = true;
                continue;
            };
            if let Some(replies) = self.with_records(replies).await? {
                return Ok(replies);
            }
        }
    }

    /// Replies with the jobs that stand for others; nothing where one of them is gone meanwhile.
    pub(super) async fn with_records(&self, replies: Vec<Reply>) -> Result<Option<Vec<InsertReply>>, StoreError> {
        let mut done = Vec::with_capacity(replies.len());
        for reply in replies {
            let jobs = match reply {
                Reply::Full(depth) => {
                    done.push(InsertReply::Full(depth));
                    continue;
                }
                Reply::Done(jobs) => jobs,
            };
            let mut inserted = Vec::with_capacity(jobs.len());
            for job in jobs {
                inserted.push(match job {
                    Stands::New => Inserted::Created,
                    Stands::Conflict(id) => Inserted::Conflict(id),
                    Stands::Same(id) => match self.get(&Scope::All, id).await? {
                        Some(record) => Inserted::Existing(Box::new(record)),
                        None => return Ok(None),
                    },
                });
            }
            done.push(InsertReply::Done(inserted));
        }
        Ok(Some(done))
    }

    pub(super) fn ask_insert<'a>(
        &self,
        calls: impl Iterator<Item = (&'a [NewJob], Bound)>,
        exactly: bool,
        shard: i16,
    ) -> Query<'static, Postgres, PgArguments> {
        let mut bounds = Vec::new();
        let mut numbers: Vec<i32> = Vec::new();
        let mut jobs: Vec<&NewJob> = Vec::new();
        for (number, (some, bound)) in (1..).zip(calls) {
            bounds.push(i64::try_from(bound.max_pending).unwrap_or(UNBOUNDED).min(UNBOUNDED));
            numbers.extend(some.iter().map(|_| number));
            jobs.extend(some);
        }
        let plain = jobs.iter().all(|job| job.idempotency_key.is_none() && job.unique.is_none());
        query(&self.sql.insert)
            .bind(self.locks.inserts)
            .bind(exactly)
            .bind(bounds)
            .bind(shard)
            .bind(plain)
            .bind(numbers)
            .bind(all(&jobs, |job| Id::from(job.id)))
            .bind(all(&jobs, |job| name(job.owner.as_str())))
            .bind(all(&jobs, |job| name(&job.job_type)))
            .bind(all(&jobs, |job| name(&job.queue)))
            .bind(all(&jobs, |job| i16::from(job.priority.rank())))
            .bind(all(&jobs, |job| match job.run_at {
                RunAt::Now => Some(0),
                RunAt::After(delay) => Some(micros(delay)),
                RunAt::At(_) => None,
            }))
            .bind(all(&jobs, |job| match job.run_at {
                RunAt::At(at) => Some(at.timestamp_micros().max(0)),
                _ => None,
            }))
            .bind(all(&jobs, |job| job.args.as_bytes()))
            .bind(all(&jobs, |job| job.schema as i64))
            .bind(all(&jobs, |job| job.args_hash.as_ref().map(|hash| &hash[..])))
            .bind(all(&jobs, |job| job.idempotency_key.as_deref().map(name)))
            .bind(all(&jobs, |job| match job.unique {
                None => 0i16,
                Some(Unique::Live) => 1,
                Some(Unique::Kept) => 2,
            }))
            .bind(all(&jobs, |job| i64::from(job.max_attempts)))
            .bind(all(&jobs, |job| micros(job.timeout)))
            .bind(all(&jobs, |job| job.keeping.result.map(micros)))
            .bind(all(&jobs, |job| job.keeping.failure.map(micros)))
            .bind(all(&jobs, |job| job.batch.map(|(id, _)| Id::from(id))))
            .bind(all(&jobs, |job| job.batch.map(|(_, index)| i64::from(index))))
    }
}

fn all<'a, T>(jobs: &[&'a NewJob], of: impl Fn(&'a NewJob) -> T) -> Vec<T> {
    jobs.iter().map(|job| of(job)).collect()
}

async fn take(mut taker: Taker) {
    while let Some(store) = taker.store.upgrade() {
        let calls = store.next_calls();
        if calls.is_empty() {
            let mut waiting = store.submits.lock();
            // Nobody has come between the two looks.
            if waiting.calls.is_empty() {
                waiting.takers -= 1;
                taker.counts = false;
                return;
            }
            continue;
        }
        store.insert_calls(calls).await;
    }
}

/// An error for each of those who wait for the same.
fn error_again(error: &StoreError) -> StoreError {
    let message = match error {
        StoreError::Unavailable { message, .. }
        | StoreError::OutOfSpace { message, .. }
        | StoreError::Unsuitable { message, .. } => message.clone(),
    };
    match error {
        StoreError::Unavailable { .. } => StoreError::Unavailable { message, source: None },
        StoreError::OutOfSpace { .. } => StoreError::OutOfSpace { message, source: None },
        StoreError::Unsuitable { .. } => StoreError::Unsuitable { message, source: None },
    }
}

/// What the database says of one call.
pub(super) enum Reply {
    Done(Vec<Stands>),
    Full(Depth),
}

/// What stands for a job.
#[derive(Clone)]
pub(super) enum Stands {
    New,
    Same(JobId),
    Conflict(JobId),
}

/// The replies to calls of so many jobs each; nothing where the bound was too near to say.
pub(super) fn read(calls: impl Iterator<Item = usize>, rows: &[PgRow]) -> sqlx::Result<Option<Vec<Reply>>> {
    let mut starts = Vec::new();
    let mut total = 0;
    let mut replies: Vec<Reply> = calls
        .map(|jobs| {
            starts.push(total);
            total += jobs;
            Reply::Done(vec![Stands::New; jobs])
        })
        .collect();
    for row in rows {
        let (number, kind): (i32, i16) = (row.try_get(0)?, row.try_get(1)?);
        if kind == 4 {
            return Ok(None);
        }
        let place = usize::try_from(number - 1).unwrap_or_default();
        let call = starts.partition_point(|start| *start <= place).saturating_sub(1);
        let other = || row.try_get::<Id, _>(2).map(JobId::from);
        let count = |column| row.try_get::<i64, _>(column).map(|count| count.max(0) as usize);
        match (&mut replies[call], kind) {
            (Reply::Done(jobs), 1) => jobs[place - starts[call]] = Stands::Same(other()?),
            (Reply::Done(jobs), 2) => jobs[place - starts[call]] = Stands::Conflict(other()?),
            (reply, 3) => *reply = Reply::Full(Depth { waiting: count(3)?, running: count(4)? }),
            _ => {}
        }
    }
    Ok(Some(replies))
}
