//! `queue_list`: the caller's jobs.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::{
    job::JobId,
    mcp::{
        answer,
        params::Params,
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError},
    store::{ListFilter, Page},
};

/// Furthest that an offset may reach; a cursor goes on from there.
const MAX_OFFSET: u64 = 10_000;

pub(super) struct List;

#[async_trait]
impl QueueTool for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn spec(&self, queue: &Queue, _: &Names) -> Spec {
        let settings = queue.settings();
        let mut output = json!({
            "type": "object",
            "properties": {
                "jobs": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": schemas::summary_properties(),
                        "required": ["job_id", "status"],
                    },
                },
                "total": { "type": "integer", "description": "How many jobs match." },
                "total_is_minimum": { "type": "boolean", "description": "There may be more than total." },
                "next_cursor": { "type": "string", "description": "Pass it as cursor for the next page." },
            },
        });
        output["required"] = json!(["jobs", "total"]);
        Spec {
            title: "List jobs",
            description: "List your background jobs, newest first, with status and progress. Filter by status, \
                          job_type or queue; page with `limit` and `cursor` (from next_cursor) or `offset`."
                .to_owned(),
            input: json!({
                "status": { "type": "string", "enum": schemas::statuses(), "description": "Only jobs with this status." },
                "job_type": { "type": "string", "description": "Only jobs of this type." },
                "queue": { "type": "string", "description": "Only jobs in this queue." },
                "batch_id": { "type": "string", "description": "Only jobs of this batch." },
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": settings.max_page_size,
                    "default": settings.page_size,
                    "description": "Most jobs to return.",
                },
                "cursor": { "type": "string", "description": "The next_cursor of the page before." },
                "offset": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": MAX_OFFSET,
                    "default": 0,
                    "description": "Jobs to skip; instead of cursor.",
                },
            }),
            required: &[],
            output,
            effect: Effect::Reads,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let settings = call.queue.settings();
        let known = ["status", "job_type", "queue", "batch_id", "limit", "cursor", "offset"];
        let mut params = Params::new(std::mem::take(&mut call.arguments), &known);
        let status = params.word("status", &schemas::statuses());
        let job_type = params.text("job_type");
        let queue = params.text("queue");
        let batch = params.text("batch_id").and_then(|text| {
            let id = text.parse::<JobId>().ok();
            if id.is_none() {
                params.fault("batch_id", "it is not the id of a batch".to_owned());
            }
            id
        });
        let limit = params.whole("limit", 1, settings.max_page_size as u64);
        let cursor = params.text("cursor").and_then(|text| {
            let cursor = text.parse::<u64>().ok();
            if cursor.is_none() {
                params.fault("cursor", "it is not a cursor; pass next_cursor of an earlier page".to_owned());
            }
            cursor
        });
        let offset = params.whole("offset", 0, MAX_OFFSET);
        if cursor.is_some() && offset.is_some_and(|offset| offset > 0) {
            params.fault("offset", "give either `cursor` or `offset`, not both".to_owned());
        }
        params.finish()?;
        let filter = ListFilter { status, job_type, queue, batch };
        let page = Page {
            limit: limit.map_or(settings.page_size, |limit| limit as usize),
            cursor,
            offset: offset.unwrap_or(0) as usize,
        };
        let listing = call.queue.list(&filter, &page).await?;
        let mut view = JsonObject::new();
        let jobs = listing.jobs.iter().map(|record| Value::Object(answer::row(record))).collect();
        view.insert("jobs".to_owned(), Value::Array(jobs));
        view.insert("total".to_owned(), listing.total.into());
        if listing.total_is_minimum {
            view.insert("total_is_minimum".to_owned(), true.into());
        }
        if let Some(next) = listing.next {
            view.insert("next_cursor".to_owned(), next.to_string().into());
        }
        Ok(view)
    }
}
