//! `schema`: what jobs there are, and what they take and give.

use serde_json::{Value, json};

use super::{Failure, Outcome, Session, args::Schema, duration::short, input, table::columns};
use crate::registry::JobType;

pub(super) fn run(session: &Session, schema: Schema) -> Result<Outcome, Failure> {
    let registry = session.queue().registry();
    let Some(name) = schema.job_type else {
        let jobs: Vec<&JobType> = registry.types().map(|job| &**job).collect();
        let summaries: Vec<Value> = jobs.iter().map(|job| summary(job)).collect();
        return Ok(Outcome::new(json!({ "job_types": summaries }), list(session, &jobs)));
    };
    match registry.named(&name) {
        Some(job) => Ok(Outcome::new(document(job), describe(session, job))),
        None => Err(session.unknown_job_type(&name)),
    }
}

fn summary(job: &JobType) -> Value {
    let policy = job.policy();
    json!({
        "job_type": job.name(),
        "description": job.description(),
        "queue": job.queue(),
        "priority": job.priority(),
        "timeout_seconds": policy.timeout.as_secs_f64(),
        "max_retries": policy.max_retries,
    })
}

fn document(job: &JobType) -> Value {
    let mut view = summary(job);
    view["input_schema"] = job.input_schema().clone();
    if let Some(output) = job.output_schema() {
        view["output_schema"] = output.clone();
    }
    view
}

fn list(session: &Session, jobs: &[&JobType]) -> String {
    if jobs.is_empty() {
        return "no job types".to_owned();
    }
    let rows: Vec<_> = jobs
        .iter()
        .map(|job| vec![job.name().to_owned(), job.description().lines().next().unwrap_or_default().to_owned()])
        .collect();
    format!("{}\n\n`{} schema TYPE` shows what one takes and gives", columns(&rows), session.program)
}

fn describe(session: &Session, job: &JobType) -> String {
    let (name, policy) = (job.name(), job.policy());
    let mut text = format!(
        "{name}\n{}\n\ntimeout {}, {} retries, queue {}, priority {}\n\narguments:\n{:#}",
        job.description(),
        short(policy.timeout),
        policy.max_retries,
        job.queue(),
        job.priority(),
        job.input_schema(),
    );
    if let Some(output) = job.output_schema() {
        text.push_str(&format!("\n\nresult:\n{output:#}"));
    }
    let example = input::example(job.input_schema());
    text.push_str(&format!("\n\nexample:\n{} submit {name} --wait --args '{example}'", session.program));
    text
}
