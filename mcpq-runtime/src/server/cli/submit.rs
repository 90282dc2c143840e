//! `submit`: starts a job, and with `--wait` runs it here.

use std::time::Duration;

use tokio::time::Instant;

use super::{End, Failure, Outcome, Session, args::Submit, follow, input};
use crate::{
    job::{JobId, Status},
    mcp::answer,
    queue::{Queue, QueueError, SubmitOptions},
    server::StopSignal,
};

/// What a cancelled handler gets beyond the time until it is dropped.
const AFTER_CANCEL: Duration = Duration::from_secs(1);
/// How long the worker may take to stop once the job has ended.
const STOP: Duration = Duration::from_millis(500);

pub(super) async fn run(session: &Session, submit: Submit) -> Result<Outcome, End> {
    let queue = session.queue();
    if !submit.wait && !queue.store().is_shared() {
        return Err(session
            .not_shared("without `--wait` nobody would run the job")
            .tip("add `--wait` to run it in this process and print its result")
            .into());
    }
    let args = input::read(&submit.args)?;
    // Not before the arguments are there: until then ctrl-c ends the process by itself.
    let stop = submit.wait.then(StopSignal::listen).transpose()?;
    if submit.wait {
        start_worker(session, &submit)?;
    }
    let submitted = match queue.submit_json(&submit.job_type, args, options(&submit)).await {
        Ok(submitted) => submitted,
        Err(error) => {
            session.crew.stop_within(Duration::ZERO).await;
            return Err(explain(session, error).into());
        }
    };
    let deduplicated = submitted.existing.is_some();
    let mut outcome = match stop {
        Some(stop) => run_here(session, submitted.id, &stop).await?,
        None => accepted(session, submitted.id).await?,
    };
    if let Some(json) = &mut outcome.json
        && deduplicated
    {
        json["deduplicated"] = true.into();
    }
    Ok(outcome)
}

fn options(submit: &Submit) -> SubmitOptions {
    SubmitOptions {
        priority: submit.priority,
        queue: submit.queue.clone(),
        idempotency_key: submit.key.clone(),
        delay: submit.delay,
        timeout: submit.timeout,
        max_retries: submit.max_retries,
        ..SubmitOptions::default()
    }
}

/// Starts a worker: for all that this process keeps, or in a shared store for jobs of this type alone.
fn start_worker(session: &Session, submit: &Submit) -> Result<(), End> {
    let queue = session.queue();
    let alone = queue.store().is_shared() && queue.registry().named(&submit.job_type).is_some();
    session.crew.start_as(|worker| {
        // This process ends with its job; the store is looked after by those that stay.
        let worker = worker.sweeps(!queue.store().is_shared());
        if alone { worker.job_types([submit.job_type.as_str()]) } else { worker }
    })?;
    Ok(())
}

async fn run_here(session: &Session, id: JobId, stop: &StopSignal) -> Result<Outcome, Failure> {
    let queue = session.queue();
    tokio::select! {
        ended = follow::follow(queue, id, session.screen.job(false)) => drop(ended?),
        () = stop.received() => {
            session.screen.say("cancelling the job; ctrl-c again ends the process at once");
            queue.cancel(id).await?;
            let most = queue.settings().cancel_grace + AFTER_CANCEL;
            queue.watch(id).ended_by(Instant::now() + most).await?;
        }
    }
    let mut outcome = follow::outcome(queue, id).await?;
    if let Some(code) = stop.exit_code() {
        outcome.code = code;
    }
    warn_of_lost(session).await?;
    session.crew.stop_within(STOP).await;
    Ok(outcome)
}

/// Jobs that the job has submitted end with this process, where no other can see them.
async fn warn_of_lost(session: &Session) -> Result<(), Failure> {
    let queue = session.queue();
    if !queue.store().is_shared() {
        let stats = queue.operator().stats().await?;
        let lost = stats.queued + stats.running + stats.input_required;
        if lost > 0 {
            let verbs = if lost == 1 { ("has", "is") } else { ("have", "are") };
            let text =
                format!("warning: {lost} of its jobs {} not ended and {} lost with this process", verbs.0, verbs.1);
            session.screen.say(&text);
        }
    }
    Ok(())
}

async fn accepted(session: &Session, id: JobId) -> Result<Outcome, Failure> {
    let queue: &Queue = session.queue();
    let record = queue.status(id).await?;
    let program = &session.program;
    session.screen.say(&format!("submitted; follow it with `{program} watch {id}`"));
    if record.status == Status::Pending && !queue.is_served(&record.queue, &record.job_type).await {
        session.screen.say(&format!("no worker runs it now: start one with `{program} worker`"));
    }
    Ok(Outcome::new(answer::job(queue, &record).await, id.to_string()))
}

/// Adds what this program can do about an error.
fn explain(session: &Session, error: QueueError) -> Failure {
    let program = &session.program;
    let tips = match &error {
        QueueError::UnknownJobType { known, .. } if known.is_empty() => {
            vec!["this program has no jobs: see what it says when it starts with `--log info`".to_owned()]
        }
        QueueError::UnknownJobType { .. } => vec![format!("`{program} schema` lists the job types")],
        QueueError::InvalidArguments { job_type, schema, .. } => vec![
            format!("for example: {program} submit {job_type} --args '{}'", input::example(schema)),
            format!("`{program} schema {job_type}` shows all arguments"),
        ],
        _ => Vec::new(),
    };
    tips.into_iter().fold(Failure::from(error), Failure::tip)
}
