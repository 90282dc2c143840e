//! The Redis store: a server, for any number of processes on any number of machines.

mod calls;
mod connections;
mod error;
mod hearing;
mod news;
mod open;
mod options;
mod record;
mod reply;
mod request;

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio_util::sync::DropGuard;

use super::{
    Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
    ListFilter, Listeners, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed,
    Replayed, Rescued, Selection, Settled, Store, StoreError, StoreListener,
};
use crate::job::{ErrorCode, Failure, JobId, JobRecord, Payload, Scope, Status};
pub use options::RedisOptions;
use {
    connections::{Connections, Repeat},
    news::News,
    record::record,
    reply::{Reply, known, unknown},
    request::Request,
};

/// Most jobs that one script looks after: while it runs, the server does nothing else.
const PAGE: usize = 500;

/// Keeps jobs on a Redis server that any number of processes on any number of machines share. Clones are the same store.
///
/// Every call is one script, which the server runs as a whole, by its own clock. What other processes do is heard of within
/// milliseconds. What is acknowledged survives the end of the server as its persistence settings say.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    /// What all keys begin with: the store's name as their hash tag.
    prefix: String,
    /// Names this handle in what it tells others.
    origin: String,
    connections: Connections,
    listeners: Listeners,
    _stop: DropGuard,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// The server that a URL names, to be opened: `redis://user:password@host:port/database`, `rediss://` with TLS, or
    /// `redis+unix:///path/to/socket`.
    ///
    /// # Errors
    /// `Unsuitable` where the URL is none of a Redis server.
    pub fn at(url: &str) -> Result<RedisOptions, StoreError> {
        RedisOptions::of_url(url)
    }

    /// Opens the store of this URL.
    ///
    /// # Errors
    /// As [`RedisOptions::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::at(url)?.open().await
    }

    /// Runs a script, and tells the listeners of this process what it did. It goes on where the caller goes away.
    async fn ask(&self, request: Request, repeat: Repeat) -> Result<Reply, StoreError> {
        let store = self.0.clone();
        let call = tokio::spawn(async move {
            let reply = store.connections.ask(&store.prefix, &store.origin, &request, repeat).await?;
            let [answer, news] = reply.parts()?;
            News::read(&news.text()?).tell(&store.listeners);
            Ok(answer)
        });
        call.await.unwrap_or_else(|error| {
            Err(StoreError::Unavailable { message: "the call was given up".to_owned(), source: Some(Box::new(error)) })
        })
    }

    /// Asks for leases, page by page.
    async fn each_page<T, R>(
        &self,
        all: &[T],
        repeat: Repeat,
        request: impl Fn(&[T]) -> Request,
        read: impl Fn(Reply) -> Result<Vec<R>, StoreError>,
    ) -> Result<Vec<R>, StoreError> {
        let mut answers = Vec::with_capacity(all.len());
        for page in all.chunks(PAGE) {
            answers.extend(read(self.ask(request(page), repeat).await?)?);
        }
        Ok(answers)
    }
}

fn leases(request: Request, leases: &[LeaseRef]) -> Request {
    leases.iter().fold(request.size(leases.len()), |request, lease| request.lease(*lease))
}

#[async_trait]
impl Store for RedisStore {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        if jobs.is_empty() {
            return Ok(InsertReply::Done(Vec::new()));
        }
        calls::inserted(self.ask(calls::insert(&jobs, bound), Repeat::Always).await?)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let mut all = Vec::new();
        while all.len() < request.max {
            let most = (request.max - all.len()).min(PAGE);
            let claim = calls::claim(Request::to(&request::CLAIM), request, most);
            let claimed = match self.ask(claim, Repeat::Never).await.and_then(calls::claimed) {
                Ok(claimed) => claimed,
                Err(error) if all.is_empty() => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a claim was cut short");
                    break;
                }
            };
            let last = claimed.len() < most;
            all.extend(claimed);
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn renew(&self, held: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        let request = |page: &[LeaseRef]| leases(Request::to(&request::RENEW).duration(lease), page);
        let read = |reply: Reply| {
            let renewed = |reply: Reply| {
                Ok(match reply.number::<u8>()? {
                    0 => Renewed::Lost,
                    kept => Renewed::Kept { cancel_requested: kept == 2 },
                })
            };
            reply.list()?.map(renewed).collect()
        };
        self.each_page(held, Repeat::Always, request, read).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        let request = |page: &[Finish]| calls::finish(Request::to(&request::FINISH), page);
        self.each_page(&finishes, Repeat::Always, request, calls::settled).await
    }

    async fn finish_and_claim(
        &self,
        finishes: Vec<Finish>,
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        if finishes.len() > PAGE || request.max > PAGE {
            let settled = self.finish(finishes).await?;
            return Ok((settled, self.claim(request).await.unwrap_or_default()));
        }
        let both = calls::finish(Request::to(&request::FINISH_AND_CLAIM), &finishes);
        let reply = self.ask(calls::claim(both, request, request.max), Repeat::Never).await?;
        let [settled, claimed] = reply.parts()?;
        Ok((calls::settled(settled)?, calls::claimed(claimed)?))
    }

    async fn release(&self, held: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        let request = |page: &[LeaseRef]| leases(Request::to(&request::RELEASE), page);
        self.each_page(held, Repeat::Never, request, calls::settled).await
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        let request = |page: &[ProgressWrite]| {
            page.iter().fold(Request::to(&request::PROGRESS).size(page.len()), |request, write| {
                calls::progress(request.lease(write.lease), &write.update)
            })
        };
        let read = |reply: Reply| reply.list()?.map(Reply::flag).collect();
        self.each_page(&writes, Repeat::Always, request, read).await
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        let request = Request::to(&request::PARK).lease(park.lease).duration(park.expires_in);
        let request = park
            .questions
            .iter()
            .fold(request.size(park.questions.len()), |request, (key, question)| request.bytes(key).payload(question));
        calls::settled_one(self.ask(request, Repeat::Never).await?)
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        let request = Request::to(&request::ANSWER).scope(scope).id(id).size(answers.len());
        let request = answers.iter().fold(request, |request, (key, answer)| request.bytes(key).payload(answer));
        let Some(reply) = self.ask(request, Repeat::Never).await?.some() else { return Ok(None) };
        let [status, accepted] = reply.parts()?;
        let accepted = accepted.list()?.map(Reply::flag).collect::<Result<_, _>>()?;
        Ok(Some(Answered { accepted, status: status.status()? }))
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        let request = Request::to(&request::CANCEL).scope(scope).id(id);
        let Some(reply) = self.ask(request, Repeat::Never).await?.some() else { return Ok(None) };
        let [ended, job] = reply.parts()?;
        Ok(Some(CancelReply { record: record(job)?, ended: ended.flag()? }))
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        let request = Request::to(&request::REPLAY).scope(scope).id(id).size(bound.max_pending);
        let mut parts = self.ask(request, Repeat::Never).await?.list()?;
        let mut next = || parts.next().ok_or_else(unknown);
        Ok(match &*next()?.bytes()? {
            b"R" => Replayed::Done(Box::new(record(next()?)?)),
            b"S" => Replayed::NotReplayable(next()?.status()?),
            b"D" => Replayed::Duplicate(next()?.id()?),
            b"F" => Replayed::Full(calls::depth(next()?, next()?)?),
            _ => Replayed::NotFound,
        })
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        let request = Request::to(&request::REMOVE).scope(scope).id(id);
        Ok(match &*self.ask(request, Repeat::Never).await?.text()? {
            "" => Removed::NotFound,
            "R" => Removed::Done,
            status => Removed::NotEnded(known(status, &Status::ALL)?),
        })
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let request = Request::to(&request::GET).id(id).flag(false);
        let Some(reply) = self.ask(request, Repeat::Always).await?.some() else { return Ok(None) };
        let [job, _] = reply.parts()?;
        Ok(Some(record(job)?).filter(|record| scope.includes(record.owner.as_str())))
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        let request = Request::to(&request::GET).id(id).flag(true);
        let Some(reply) = self.ask(request, Repeat::Always).await?.some() else { return Ok(None) };
        let [job, result] = reply.parts()?;
        let record = record(job)?;
        if !scope.includes(record.owner.as_str()) {
            return Ok(None);
        }
        Ok(Some((record, result.some().map(Reply::payload).transpose()?)))
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        let request = Request::to(&request::LIST)
            .scope(scope)
            .optional(filter.status.map(|status| (status as u8).to_string()))
            .optional(filter.job_type.as_deref())
            .optional(filter.queue.as_deref())
            .optional(filter.batch.map(request::simple))
            .size(page.limit)
            .optional(page.cursor.map(|cursor| cursor.to_string()))
            .size(page.offset);
        let [total, least, next, jobs] = self.ask(request, Repeat::Always).await?.parts()?;
        Ok(Listing {
            jobs: jobs.list()?.map(record).collect::<Result<_, _>>()?,
            total: total.number()?,
            total_is_minimum: least.flag()?,
            next: next.some().map(Reply::number).transpose()?,
        })
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        let reply = self.ask(Request::to(&request::COUNTS).scope(scope), Repeat::Always).await?;
        let counts = reply.list()?.map(|reply| {
            let mut parts = reply.list()?;
            let mut next = || parts.next().ok_or_else(unknown);
            let mut counts = QueueCounts { queue: next()?.shared()?, ..QueueCounts::default() };
            for status in Status::ALL {
                *counts.of(status) = next()?.number()?;
            }
            Ok(counts)
        });
        let mut counts = counts.collect::<Result<Vec<_>, StoreError>>()?;
        counts.sort_by(|a, b| a.queue.cmp(&b.queue));
        Ok(counts)
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        let request = Request::to(&request::NEXT_DUE).selection(selection);
        let due = self.ask(request, Repeat::Always).await?.some();
        due.map(|due| Ok(Duration::from_micros(due.number()?))).transpose()
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        let lost = Failure::new(ErrorCode::WorkerLost, "its worker died or was cut off # times while it ran");
        let request = Request::to(&request::RESCUE)
            .int(max_crashes)
            .bytes(lost.message)
            .bytes("nobody answered the job's question in time")
            .size(limit);
        let rescued = self.ask(request, Repeat::Never).await?;
        rescued.list()?.map(|job| Ok(Rescued { record: record(job)? })).collect()
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.ask(Request::to(&request::PRUNE).size(limit), Repeat::Never).await?.number()
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        let Some(reply) = self.ask(Request::to(&request::JOURNAL).lease(lease), Repeat::Always).await?.some() else {
            return Ok(None);
        };
        let [entries] = reply.parts()?;
        let entry = |entry: Reply| {
            let [key, question, value] = entry.parts()?;
            let payload = |reply: Reply| reply.some().map(Reply::payload).transpose();
            Ok(JournalEntry { key: key.shared()?, question: payload(question)?, value: payload(value)? })
        };
        entries.list()?.map(entry).collect::<Result<_, StoreError>>().map(Some)
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        let request = Request::to(&request::JOURNAL_WRITE).lease(lease).bytes(key).payload(&value);
        let mut parts = self.ask(request, Repeat::Never).await?.list()?;
        let mut next = || parts.next().ok_or_else(unknown);
        Ok(match &*next()?.bytes()? {
            b"W" => JournalWrite::Stored,
            b"E" => JournalWrite::Exists(next()?.payload()?),
            _ => JournalWrite::Stale,
        })
    }

    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        let told = serde_json::to_vec(worker).map_err(|error| StoreError::Unsuitable {
            message: "a worker could not be written down".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let request = Request::to(&request::HEARTBEAT).bytes(worker.id.as_uuid().as_bytes()).duration(keep).bytes(told);
        self.ask(request, Repeat::Always).await.map(drop)
    }

    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        let reply = self.ask(Request::to(&request::WORKERS).size(LiveWorker::MOST), Repeat::Always).await?;
        let told = reply.list()?.filter_map(Reply::some).map(Reply::bytes).collect::<Result<Vec<_>, _>>()?;
        // One of a newer version may say more than is understood here.
        Ok(told.iter().filter_map(|told| serde_json::from_slice(told).ok()).collect())
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        self.0.listeners.add(listener);
    }
}
