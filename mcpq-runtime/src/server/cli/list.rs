//! `list`: jobs, newest first.

use serde_json::{Value, json};

use super::{
    Failure, Outcome, Session,
    args::List,
    table::{activity, ago, columns},
};
use crate::{
    job::JobRecord,
    mcp::answer,
    store::{ListFilter, Listing, Page},
};

pub(super) async fn run(session: &Session, list: List) -> Result<Outcome, Failure> {
    let queue = session.shared("list")?;
    let most = queue.settings().max_page_size;
    let limit = list.limit.unwrap_or(queue.settings().page_size);
    if !(1..=most).contains(&limit) {
        return Err(Failure::usage("VALIDATION_ERROR", format!("--limit: it must be 1 to {most}"))
            .tip("a list that goes on names the `--cursor` of its next page"));
    }
    let filter = ListFilter { status: list.status, job_type: list.job_type, queue: list.queue, batch: None };
    let page = Page { limit, cursor: list.cursor, offset: 0 };
    let listing = queue.list(&filter, &page).await?;
    Ok(Outcome::new(document(&listing), text(session, &listing)))
}

fn document(listing: &Listing) -> Value {
    let jobs: Vec<_> = listing.jobs.iter().map(answer::summary).collect();
    let mut view = json!({ "jobs": jobs, "total": listing.total });
    if listing.total_is_minimum {
        view["total_is_minimum"] = true.into();
    }
    if let Some(next) = &listing.next {
        view["next_cursor"] = next.to_string().into();
    }
    view
}

fn text(session: &Session, listing: &Listing) -> String {
    if listing.jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let head = ["JOB", "TYPE", "STATUS", "DONE", "SUBMITTED", ""].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(listing.jobs.iter().map(row)).collect();
    let mut text = columns(&rows);
    if let Some(next) = &listing.next {
        let least = if listing.total_is_minimum { "more than " } else { "" };
        let (shown, total) = (listing.jobs.len(), listing.total);
        text.push_str(&format!(
            "\n\n{shown} of {least}{total} jobs; for more: {} list --cursor {next}",
            session.program
        ));
    }
    text
}

fn row(record: &JobRecord) -> Vec<String> {
    let words = match activity(record) {
        words if words == record.status.as_str() => String::new(),
        words => words,
    };
    vec![
        record.id.to_string(),
        record.job_type.to_string(),
        record.status.to_string(),
        format!("{:.0}%", record.progress * 100.0),
        ago(record.created_at),
        words,
    ]
}
