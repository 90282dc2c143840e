//! A library of jobs that knows mcpq by another name and depends on nothing else, under lints that libraries deny.
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused, clippy::all, clippy::pedantic)]

use queue::{CancelToken, FromJob, JobContext, JobError, JobScope, Progress, mcp_job};

/// Who a job is done for.
#[derive(Debug)]
pub struct Asker(String);

impl FromJob for Asker {
    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        Ok(Self(scope.context().owner().to_string()))
    }
}

/// Greets somebody.
///
/// # Errors
/// When it is cancelled.
#[mcp_job(crate = ::queue, unique = true, max_retries = 1)]
pub async fn greet(
    /// Who is greeted, such as:
    ///
    /// ```
    /// { "name": "Ada" }
    /// ```
    ///
    /// or, in a block that is indented only, and with links to [nothing] and <nowhere>:
    ///
    ///     { "name": "Grace" }
    name: String,
    #[arg(default = 1, range(1..=9), example = 2)] times: usize,
    language: Option<String>,
    #[inject] asker: Asker,
    progress: Progress,
    cancel: CancelToken,
    context: JobContext,
) -> Result<Vec<String>, JobError> {
    cancel.check()?;
    progress.report(times, times);
    let greeting = if language.as_deref() == Some("fr") { "Bonjour" } else { "Hello" };
    Ok(vec![format!("{greeting} {name}, says {} by {}", asker.0, context.job_type()); times])
}

/// Adds two numbers.
#[mcp_job(crate = "::queue")]
#[must_use]
pub fn add(a: u32, b: u32) -> u32 {
    a + b
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use queue::Queue;

    use super::{Asker, CancelToken, JobContext, Progress, add, greet};

    #[tokio::test]
    async fn the_jobs_run() {
        let queue = Queue::builder().build().await.unwrap();
        let _worker = queue.worker().start().unwrap();
        let sum = queue.submit(add { a: 1, b: 2 }).await.unwrap();
        assert_eq!(sum.result().await.unwrap(), 3);
        let greeted = queue.submit(greet { times: 2, ..greet::new("Ada".to_owned()) }).await.unwrap();
        assert_eq!(greeted.result().await.unwrap(), ["Hello Ada, says local by greet"; 2]);
    }

    #[tokio::test]
    async fn the_functions_stay_functions() {
        let context = JobContext::for_test("greet");
        let asker = Asker("me".to_owned());
        let french = Some("fr".to_owned());
        let said = greet("Ada".to_owned(), 1, french, asker, Progress::new(), CancelToken::new(), context).await;
        assert_eq!(said.unwrap(), ["Bonjour Ada, says me by greet"]);
        assert_eq!(add(1, 2), 3);
    }
}
