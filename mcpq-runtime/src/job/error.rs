//! How a handler says that it failed.

use std::{error::Error, fmt, time::Duration};

type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a handler did not return a result, and what should follow.
///
/// Any [`std::error::Error`] becomes one through `?` and is retried while the job has attempts left.
/// `JobError` itself implements no `std::error::Error`, because of that conversion.
///
/// ```
/// # use mcpq_runtime::JobError;
/// fn read(path: &str) -> Result<String, JobError> {
///     if path.is_empty() {
///         return Err(JobError::fatal("`path` is empty"));
///     }
///     Ok(std::fs::read_to_string(path)?)
/// }
/// # assert!(read("").is_err());
/// ```
pub struct JobError {
    kind: ErrorKind,
    message: String,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// What should follow a [`JobError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Try again, while attempts are left.
    Retry,
    /// Trying again would not help.
    Fatal,
    /// The handler ended early, as its token or its own judgement asked.
    Cancelled,
    /// The stored arguments do not fit the handler's parameters.
    Arguments,
}

impl JobError {
    /// A failure that another attempt may mend.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Retry, message.into())
    }

    /// A failure that no further attempt can mend: the job fails at once.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Fatal, message.into())
    }

    /// The handler ended early. Without a cancel request the job is `cancelled`.
    pub fn cancelled() -> Self {
        Self::of(ErrorKind::Cancelled, "the job was cancelled".to_owned())
    }

    /// The stored arguments do not fit the handler's parameters.
    pub(crate) fn arguments(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Arguments, message.into())
    }

    /// Sets the delay before the next attempt, instead of the job's backoff.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Adds the cause, for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What should follow.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was wrong, as status and result show it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The delay that was asked for before the next attempt.
    pub fn delay(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The cause.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// Takes the cause out.
    pub(crate) fn take_source(&mut self) -> Option<BoxError> {
        self.source.take()
    }

    // Not named `new`: whoever looks for that is then told of the constructors above.
    fn of(kind: ErrorKind, message: String) -> Self {
        Self { kind, message, retry_after: None, source: None }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("retry_after", &self.retry_after)
            .field("source", &self.source)
            .finish()
    }
}

/// An error that becomes a [`JobError`] through `?`: any [`std::error::Error`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be turned into a `JobError`",
    label = "no `std::error::Error`; a text becomes a `JobError` with `JobError::retry(..)` or `JobError::fatal(..)`",
    note = "every error type that implements `std::error::Error + Send + Sync + 'static` can",
    note = "for another type, write `.map_err(|error| JobError::retry(error.to_string()))`"
)]
pub trait StdError: Error + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> StdError for E {}

impl<E: StdError> From<E> for JobError {
    /// A failure that is retried. Its message is the error's, followed by its causes.
    fn from(error: E) -> Self {
        Self::retry(chain(&error)).with_source(error)
    }
}

/// The message of an error and of all its causes, leaving out a cause that its parent already quotes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = cause.source();
    }
    text
}

/// An error type that a job may return.
///
/// `Via` only keeps the implementations apart; it is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be turned into a `JobError`",
    label = "not an error a job can return",
    note = "a job fails with `mcpq::JobError` or with any error type that implements `std::error::Error + Send + Sync + 'static`; with mcpq's feature `anyhow`, also with `anyhow::Error`",
    note = "for a type you own, implement `std::error::Error`, or `From<{Self}>` for `mcpq::JobError`",
    note = "for a text or a `Box<dyn Error>`, return `JobError`: `JobError::retry(..)` and `JobError::fatal(..)` make one of a text, and `?` of any such error type"
)]
pub trait IntoJobError<Via> {
    /// The job error that stands for this one.
    fn into_job_error(self) -> JobError;
}

/// Marks the types that convert with `Into`.
#[derive(Debug)]
pub enum ViaInto {}

#[diagnostic::do_not_recommend]
impl<E: Into<JobError>> IntoJobError<ViaInto> for E {
    fn into_job_error(self) -> JobError {
        self.into()
    }
}

#[cfg(feature = "anyhow")]
mod via_anyhow {
    use super::{IntoJobError, JobError, chain};

    /// Marks `anyhow::Error`, which is no `std::error::Error`.
    #[derive(Debug)]
    pub enum ViaAnyhow {}

    impl IntoJobError<ViaAnyhow> for anyhow::Error {
        fn into_job_error(self) -> JobError {
            JobError::retry(chain(self.as_ref())).with_source(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("loading failed")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_std_error_is_retried_and_tells_its_causes() {
        let error = JobError::from(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(error.kind(), ErrorKind::Retry);
        assert_eq!(error.message(), "loading failed: disk on fire");
        assert!(error.source().is_some());
    }
}
