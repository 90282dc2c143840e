//! What the schemas look like. `INSTA_UPDATE=always` writes the snapshots anew; their diff is what a reviewer reads.

use mcpq::JobDescriptor;
use serde_json::{Value, json};

use crate::{builder, jobs, registered};

/// Both schemas of a job.
async fn schemas(job: JobDescriptor) -> Value {
    let job = &registered([job]).await[0];
    json!({ "input": job.input_schema(), "output": job.output_schema() })
}

macro_rules! pages {
    ($($job:ident)*) => {
        $(
            #[tokio::test]
            async fn $job() {
                insta::assert_json_snapshot!(schemas(jobs::$job::JOB).await);
            }
        )*
    };
}

pages! {
    no_arguments
    simple_types
    limits
    choices
    nested
    recursive
    collections
    dates_and_ids
    open_ended
    numbered
    by_side
    anything_else
    narrowed
    doubled
}

#[tokio::test]
async fn the_list_of_tools() {
    let queue = builder([jobs::limits::JOB, jobs::recursive::JOB, jobs::no_arguments::JOB]).build().await.unwrap();
    insta::assert_json_snapshot!(queue.tools());
}
