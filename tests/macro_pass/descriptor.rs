//! Options and comments: what ends up in the job's definition.

use std::time::Duration;

use mcpq::prelude::*;
use mcpq::{JobOptions, Priority};
use mcpq::{RateLimit, Unique};

use crate::registered;

/// Has every option.
///
/// And a second
/// paragraph.
#[mcp_job(
    name = "every-option",
    timeout = "1m30s",
    max_retries = 2,
    backoff_base = 0.5,
    backoff_max = "10m",
    backoff_jitter = 0.25,
    retry_on_timeout = true,
    queue = "slow",
    priority = "high",
    concurrency = 3,
    rate_limit = "100/1m30s",
    result_ttl = "forever",
    failure_ttl = 3600,
    unique = "kept",
    args = "EveryOption",
    crate = ::mcpq
)]
async fn with_options(width: u32) {
    let _ = width;
}

#[test]
fn every_option_is_in_the_descriptor() {
    let mut expected = JobOptions::new();
    expected.timeout = Some(Duration::from_secs(90));
    expected.max_retries = 2;
    expected.backoff_base = 0.5;
    expected.backoff_max = 600.0;
    expected.backoff_jitter = 0.25;
    expected.retry_on_timeout = true;
    expected.queue = "slow";
    expected.priority = Priority::High;
    expected.concurrency = Some(3);
    expected.rate_limit = Some(RateLimit { count: 100, per: Duration::from_secs(90) });
    expected.result_ttl = Some(Duration::MAX);
    expected.failure_ttl = Some(Duration::from_secs(3600));
    expected.unique = Some(Unique::Kept);
    assert_eq!(EveryOption::JOB.options(), expected);
    assert_eq!(EveryOption::JOB.name(), "every-option");
    assert_eq!(EveryOption::JOB.description(), "Has every option.\n\nAnd a second paragraph.");
    let file = EveryOption::JOB.location().file();
    assert!(file.ends_with("descriptor.rs"), "{file}");
}

#[tokio::test]
async fn the_struct_has_the_name_it_was_given() {
    let job = registered(EveryOption::JOB).await;
    assert_eq!(&*job.queue(), "slow");
    let _ = EveryOption { width: 1 };
    with_options(1).await;
}

#[mcp_job(description = "Has no comment.")]
async fn without_options() {}

#[tokio::test]
async fn without_options_the_defaults_hold() {
    assert_eq!(without_options::JOB.options(), JobOptions::new());
    assert_eq!(without_options::JOB.description(), "Has no comment.");
    without_options().await;
}

/// Tells what is in a file.
///
/// It says:
#[doc = include_str!("described.md")]
#[mcp_job]
async fn described(
    #[doc = include_str!("described.md")] width: u32,
    /// Upwards.
    #[doc = concat!("In ", "pixels.")]
    height: u32,
) -> u32 {
    width * height
}

#[mcp_job(description = include_str!("described.md"))]
async fn described_by_an_option() {}

#[tokio::test]
async fn a_description_may_be_made_by_a_macro() {
    let file = "# A file\n\nIt is as it is.";
    let job = registered(described::JOB).await;
    assert_eq!(job.description(), format!("Tells what is in a file.\n\nIt says:\n{file}"));
    let properties = &job.input_schema()["properties"];
    assert_eq!(properties["width"]["description"], file);
    assert_eq!(properties["height"]["description"], "Upwards. In pixels.");
    assert_eq!(registered(described_by_an_option::JOB).await.description(), file);
    assert_eq!(described(described { width: 2, height: 3 }.width, 3).await, 6);
    described_by_an_option().await;
}

mod one {
    /// Has a name that is taken.
    #[mcpq::mcp_job]
    pub(super) async fn twice() {}
}

mod another {
    /// Takes it.
    #[mcpq::mcp_job(name = "twice")]
    pub(super) async fn again() {}
}

#[tokio::test]
async fn two_jobs_of_one_name_are_refused_with_the_places_of_both() {
    let (first, second) = (one::twice::JOB, another::again::JOB);
    assert_ne!(first.location().line(), second.location().line());
    let builder = Queue::builder().without_linked_jobs().job(first).job(second);
    let error = builder.build().await.unwrap_err().to_string();
    for location in [first, second].map(|job| job.location()) {
        assert!(error.contains(&format!("{}:{}", location.file(), location.line())), "{error}");
    }
}
