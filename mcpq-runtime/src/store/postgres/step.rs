//! What workers do: claims, and ends of attempts, both in one statement.

use std::{borrow::Cow, collections::HashMap, collections::HashSet, sync::Arc};

use sqlx::{Row, postgres::PgRow};

use super::{
    Inner,
    connections::{Repeat, answer, query, retried},
    error::Trouble,
    id::Id,
    news::News,
    row::{AFTER, End, Slot, known, micros, payload},
    text::{name, said},
};
use crate::{
    job::{AttemptEnd, JobId, Status},
    store::{ClaimRequest, Claimed, Finish, LeaseRef, Outcome, Selection, Settled, StoreError},
};

/// What is to be recorded of one attempt.
struct Ended<'a> {
    /// Its place in what was asked.
    place: usize,
    lease: LeaseRef,
    finish: Option<&'a Finish>,
}

impl Ended<'_> {
    /// How the attempt ended.
    fn end(&self) -> AttemptEnd {
        self.finish.map_or(AttemptEnd::Released, |finish| finish.outcome.end())
    }
}

/// What became of a step.
#[derive(Default)]
struct Done {
    /// Places of ends that were accepted, and the statuses they gave.
    accepted: Vec<(usize, Status)>,
    /// Places of ends that were accepted before, and the statuses they gave then.
    repeated: Vec<(usize, Status)>,
    claimed: Vec<Claimed>,
    /// A type was found at its limit.
    full: bool,
}

impl Inner {
    pub(super) async fn claim(self: &Arc<Self>, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        if request.max == 0 {
            return Ok(Vec::new());
        }
        Ok(self.step(Vec::new(), Some(request)).await?.1)
    }

    pub(super) async fn finish(
        self: &Arc<Self>,
        finishes: &[Finish],
        request: Option<&ClaimRequest>,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        let ended = |(place, finish): (usize, &'_ Finish)| (place, finish.lease);
        let ended = finishes.iter().enumerate().map(ended);
        let ended = ended.map(|(place, lease)| Ended { place, lease, finish: Some(&finishes[place]) }).collect();
        self.step(ended, request).await
    }

    pub(super) async fn release(self: &Arc<Self>, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        let ended = leases.iter().enumerate().map(|(place, lease)| Ended { place, lease: *lease, finish: None });
        Ok(self.step(ended.collect(), None).await?.0)
    }

    async fn step(
        self: &Arc<Self>,
        mut ended: Vec<Ended<'_>>,
        request: Option<&ClaimRequest>,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        if ended.is_empty() && request.is_none() {
            return Ok((Vec::new(), Vec::new()));
        }
        // In one order everywhere, so that nobody waits in a circle.
        ended.sort_by_key(|ended| (*ended.lease.id.as_uuid(), ended.place));
        let doubled = ended.windows(2).any(|pair| pair[0].lease.id == pair[1].lease.id);
        let mut done = if doubled {
            retried!(self.rounds(&ended, request))?
        } else {
            let rows = self.connections.rows(Repeat::Never, || self.ask(&ended, request)).await?;
            read(&ended, rows).map_err(Trouble::from)?
        };
        // In rounds it was looked at after each, since a later end takes the place of an earlier one.
        let missing = if doubled { Vec::new() } else { missing(&ended, &done) };
        let changed = done.accepted.iter().map(|(place, _)| *place).collect::<HashSet<_>>();
        let mut news = News::default();
        if !missing.is_empty() {
            let rows = self.connections.rows(Repeat::Always, || query(&self.sql.settled).bind(&missing)).await;
            done.repeated.extend(repeated(&ended, &rows?).map_err(Trouble::from)?);
        }
        let Done { accepted, repeated, mut claimed, full } = done;
        let mut settled = vec![Settled::Stale; ended.len()];
        for (place, status) in accepted.iter().chain(&repeated) {
            settled[*place] = Settled::Accepted(*status);
        }
        news.ready =
            accepted.iter().any(|(_, status)| *status == Status::Pending) || (!accepted.is_empty() && self.take_full());
        news.changed.extend(ended.iter().filter(|ended| changed.contains(&ended.place)).map(|ended| ended.lease.id));
        news.changed.extend(claimed.iter().map(|claimed| claimed.record.id));
        if full || request.is_some_and(|request| takes_places(&request.selection, &claimed)) {
            self.note_full();
        }
        self.tell(news);
        self.complete(&mut claimed).await?;
        Ok((settled, claimed))
    }

    /// Reads the histories of jobs that have one.
    async fn complete(&self, claimed: &mut [Claimed]) -> Result<(), StoreError> {
        let again = claimed.iter().filter(|claimed| claimed.record.lease > 1);
        let ids: Vec<Id> = again.map(|claimed| claimed.record.id.into()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut histories = self.histories(&ids).await?;
        for claimed in claimed {
            if let Some(history) = histories.remove(&claimed.record.id) {
                claimed.record.history = history;
            }
        }
        Ok(())
    }

    /// Several ends of one job, one after the other in one transaction.
    async fn rounds(&self, ended: &[Ended<'_>], request: Option<&ClaimRequest>) -> Result<Done, Trouble> {
        let mut rounds: Vec<Vec<Ended<'_>>> = Vec::new();
        let mut seen = HashMap::new();
        for Ended { place, lease, finish } in ended {
            let round = seen.entry(lease.id).and_modify(|round| *round += 1).or_insert(0);
            if rounds.len() <= *round {
                rounds.push(Vec::new());
            }
            rounds[*round].push(Ended { place: *place, lease: *lease, finish: *finish });
        }
        let mut lent = self.connections.take().await?;
        answer(sqlx::raw_sql("BEGIN").execute(&mut *lent)).await??;
        let mut done = Done::default();
        let last = rounds.len() - 1;
        for (number, round) in rounds.iter().enumerate() {
            let keep = self.connections.keep_statements();
            let ask = self.ask(round, request.filter(|_| number == last)).persistent(keep);
            let rows = answer(ask.fetch_all(&mut *lent)).await??;
            let more = read(round, rows)?;
            let missing = missing(round, &more);
            if !missing.is_empty() {
                let look = query(&self.sql.settled).bind(&missing).persistent(keep);
                let rows = answer(look.fetch_all(&mut *lent)).await??;
                done.repeated.extend(repeated(round, &rows)?);
            }
            done.accepted.extend(more.accepted);
            done.claimed.extend(more.claimed);
            done.full |= more.full;
        }
        answer(sqlx::raw_sql("COMMIT").execute(&mut *lent)).await??;
        lent.settle(Ok(done))
    }

    fn ask(
        &self,
        ended: &[Ended<'_>],
        request: Option<&ClaimRequest>,
    ) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        let mut afters: Vec<Option<i64>> = Vec::with_capacity(ended.len());
        let mut results: Vec<Option<&[u8]>> = Vec::with_capacity(ended.len());
        let mut texts: [Vec<Option<Cow<'_, str>>>; 5] = Default::default();
        let mut fractions = Vec::with_capacity(ended.len());
        for ended in ended {
            let outcome = ended.finish.map(|finish| &finish.outcome);
            let (shown, attempt) = match outcome {
                Some(Outcome::Failed(failure) | Outcome::Timeout(failure)) => (Some(failure), None),
                Some(Outcome::Retry { attempt, failure, .. }) => (Some(failure), Some(attempt)),
                _ => (None, None),
            };
            afters.push(match outcome {
                Some(Outcome::Retry { after, .. }) => Some(micros(*after)),
                _ => None,
            });
            results.push(match outcome {
                Some(Outcome::Completed(result)) => Some(result.as_bytes()),
                _ => None,
            });
            texts[0].push(shown.map(|failure| failure.code.as_str().into()));
            texts[1].push(shown.map(|failure| said(&failure.message)));
            texts[2].push(attempt.map(|failure| failure.code.as_str().into()));
            texts[3].push(attempt.map(|failure| said(&failure.message)));
            let progress = ended.finish.map(|finish| &finish.progress);
            texts[4].push(progress.and_then(|progress| progress.message.as_deref()).map(said));
            fractions.push(progress.map_or(0.0, |progress| progress.fraction).max(0.0));
        }
        let [codes, errors, attempt_codes, attempt_errors, messages] = texts;
        let query = query(&self.sql.step)
            .bind(ended.iter().map(|ended| ended.lease.id.into()).collect::<Vec<Id>>())
            .bind(ended.iter().map(|ended| ended.lease.lease as i64).collect::<Vec<_>>())
            .bind(ended.iter().map(|ended| ended.end() as i16).collect::<Vec<_>>())
            .bind(afters)
            .bind(results)
            .bind(codes)
            .bind(errors)
            .bind(attempt_codes)
            .bind(attempt_errors)
            .bind(fractions)
            .bind(messages);
        let most = request.map_or(0, |request| i32::try_from(request.max).unwrap_or(i32::MAX));
        let selection = request.map(|request| &*request.selection);
        let lists = |selection: &crate::store::Selection| {
            let queues = Some(&selection.queues).filter(|queues| !queues.is_empty());
            let queues = queues.map(|queues| queues.iter().map(|queue| name(queue).into_owned()).collect::<Vec<_>>());
            let kinds = (!selection.any_type)
                .then(|| selection.types.iter().map(|kind| name(&kind.name).into_owned()).collect::<Vec<_>>());
            (queues, kinds)
        };
        let (queues, kinds) = selection.map(lists).unwrap_or_default();
        let mut limited: Vec<_> = selection.into_iter().flat_map(|selection| &selection.types).collect();
        limited.retain(|kind| kind.concurrency.is_some() || kind.rate.is_some());
        // In one order, since each is locked.
        limited.sort_by(|one, other| one.name.cmp(&other.name));
        limited.dedup_by(|one, other| one.name == other.name);
        let rate = |of: fn(&crate::store::RateLimit) -> f64| {
            limited.iter().map(|kind| kind.rate.as_ref().map(of)).collect::<Vec<Option<f64>>>()
        };
        query
            .bind(most)
            .bind(request.map_or(0, |request| micros(request.lease)))
            .bind(queues)
            .bind(kinds)
            .bind(self.locks.limits)
            .bind(limited.iter().map(|kind| name(&kind.name).into_owned()).collect::<Vec<_>>())
            .bind(limited.iter().map(|kind| kind.concurrency.map(i64::from)).collect::<Vec<_>>())
            .bind(rate(|rate| f64::from(rate.count)))
            .bind(rate(|rate| rate.per.as_micros().max(1) as f64))
    }
}

/// Whether a claim took places of a type that has only so many: the last one, it may be.
fn takes_places(selection: &Selection, claimed: &[Claimed]) -> bool {
    let mut limited = selection.types.iter().filter(|kind| kind.concurrency.is_some());
    limited.any(|kind| claimed.iter().any(|claimed| claimed.record.job_type == kind.name))
}

/// The jobs whose ends were not accepted.
fn missing(ended: &[Ended<'_>], done: &Done) -> Vec<Id> {
    let accepted: HashSet<usize> = done.accepted.iter().map(|(place, _)| *place).collect();
    let missing = |ended: &&Ended<'_>| ended.finish.is_some() && !accepted.contains(&ended.place);
    ended.iter().filter(missing).map(|ended| ended.lease.id.into()).collect()
}

/// An end that was not accepted may be the repetition of one that was.
fn repeated(ended: &[Ended<'_>], rows: &[PgRow]) -> sqlx::Result<Vec<(usize, Status)>> {
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let (id, packed): (Id, i64) = (row.try_get(0)?, row.try_get(1)?);
        known.extend(End::read(packed).map(|end| (JobId::from(id), end)));
    }
    let same = |ended: &Ended<'_>| {
        let end = known.get(&ended.lease.id).filter(|_| ended.finish.is_some())?;
        ((end.lease, end.end) == (ended.lease.lease, ended.end())).then_some((ended.place, end.status))
    };
    Ok(ended.iter().filter_map(same).collect())
}

fn read(ended: &[Ended<'_>], rows: Vec<PgRow>) -> sqlx::Result<Done> {
    let mut done = Done::default();
    let mut claimed: Vec<(i32, Claimed)> = Vec::with_capacity(rows.len());
    for row in rows {
        let number: i32 = row.try_get(0)?;
        if number == 0 {
            let places: Vec<i32> = row.try_get::<Option<_>, _>(1)?.unwrap_or_default();
            let statuses: Vec<i16> = row.try_get::<Option<_>, _>(2)?.unwrap_or_default();
            for (place, status) in places.into_iter().zip(statuses) {
                let place = usize::try_from(place - 1).ok().and_then(|place| ended.get(place));
                done.accepted.extend(place.map(|ended| ended.place).zip(Some(known(status, &Status::ALL)?)));
            }
            done.full = row.try_get::<Option<Vec<String>>, _>(3)?.is_some_and(|kinds| !kinds.is_empty());
            continue;
        }
        let read = || -> sqlx::Result<Claimed> {
            let slot = Slot::read(&row, 4)?;
            Ok(Claimed { record: slot.record, args: payload(&row, 4 + AFTER)?, schema: slot.schema })
        };
        match read() {
            Ok(one) => claimed.push((number, one)),
            // Its lease runs out, so that a newer program, or a person, may see to it.
            Err(error) => tracing::error!(%error, "a stored job cannot be read and is not started"),
        }
    }
    claimed.sort_by_key(|(number, _)| *number);
    done.claimed = claimed.into_iter().map(|(_, claimed)| claimed).collect();
    Ok(done)
}
