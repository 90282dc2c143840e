//! Submitting with types.

use super::JobDescriptor;
use crate::{
    inject::JobContext,
    job::{ArgError, ArgMap, ArgWriter, JobError, JobId},
};

/// An argument that Rust code can submit a job with.
#[diagnostic::on_unimplemented(
    message = "a job with an argument of the type `{Self}` cannot be submitted from Rust",
    label = "`{Self}` cannot be written as JSON",
    note = "agents can submit it; Rust code can where each of its arguments implements `serde::Serialize` and `Send`",
    note = "for a type you own, add `#[derive(serde::Serialize)]`"
)]
pub trait SubmitArg: serde::Serialize + Send {}

#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + Send> SubmitArg for T {}

/// The arguments of a job as a struct: what `#[mcp_job]` makes under the function's name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be submitted",
    label = "not a job whose arguments can be written as JSON",
    note = "only the struct that `#[mcp_job]` makes under the function's name is submitted, written with braces: `queue.submit(my_job {{ .. }})`",
    note = "where it is one, each of its arguments must implement `serde::Serialize`",
    note = "a job of which only the name is known is submitted with `queue.submit_json(..)`"
)]
pub trait Job: Sized + Send + 'static {
    /// What the job gives.
    type Output;

    /// The job's definition.
    const JOB: JobDescriptor;

    /// Writes the arguments one by one. `#[mcp_job]` implements it; [`into_args`](Self::into_args) calls it.
    #[doc(hidden)]
    fn write(&self, writer: &mut ArgWriter);

    /// The arguments as a JSON object: what a submit sends, for instance to
    /// [`Queue::submit_json`](crate::Queue::submit_json).
    ///
    /// # Errors
    /// When one of them cannot be written as JSON.
    fn into_args(self) -> Result<ArgMap, ArgError> {
        let mut writer = ArgWriter::new();
        self.write(&mut writer);
        writer.finish()
    }
}

impl JobContext {
    /// Submits another job; it inherits this job's owner. An attempt that runs again submits it again: see
    /// [`submit_once`](Self::submit_once).
    ///
    /// # Errors
    /// What the queue refused, as an error that is retried where another try may help.
    pub async fn submit<J: Job>(&self, job: J) -> Result<JobId, JobError> {
        let args = job.into_args().map_err(|error| JobError::fatal(error.to_string()))?;
        self.submit_json(J::JOB.name(), args, None).await
    }

    /// Submits another job under an idempotency key, so that an attempt that runs again finds the job of the first. A key
    /// made from [`job_id`](JobContext::job_id) is this job's own.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and where the key was used with other arguments.
    pub async fn submit_once<J: Job>(&self, key: &str, job: J) -> Result<JobId, JobError> {
        let args = job.into_args().map_err(|error| JobError::fatal(error.to_string()))?;
        self.submit_json(J::JOB.name(), args, Some(key)).await
    }
}
