//! What an ending means: the one place that decides between completed, failed, retried, cancelled and given back.

use crate::{
    job::{AttemptEnd, ErrorCode, ErrorKind, Failure, JobError, Payload, Policy},
    store::Outcome,
};

/// Longest message that is kept of a failure, in bytes.
const MAX_MESSAGE: usize = 4096;

/// How a handler ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// With a result.
    Returned(Payload),
    /// With an error.
    Error(JobError),
    /// With a result that cannot be kept.
    BadResult(Failure),
    /// By a panic.
    Panicked(String),
    /// It was dropped, or cannot be stopped and is given up.
    Dropped,
}

/// What has happened to an attempt while it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Causes {
    pub(super) lease_lost: bool,
    pub(super) timed_out: bool,
    pub(super) cancel_requested: bool,
    pub(super) shutdown: bool,
}

/// The attempt that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt<'a> {
    pub(super) number: u32,
    pub(super) max: u32,
    pub(super) timeout: std::time::Duration,
    pub(super) policy: &'a Policy,
    /// Between 0 and 1, for jitter.
    pub(super) random: f64,
}

/// What follows.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This is recorded.
    Record(Outcome),
    /// The job goes back, uncharged.
    Release,
    /// Nothing is recorded: the job is another's.
    Nothing,
}

pub(super) fn verdict(ending: Ending, causes: Causes, attempt: Attempt<'_>) -> Verdict {
    if causes.lease_lost {
        return Verdict::Nothing;
    }
    if causes.timed_out {
        return Verdict::Record(timed_out(attempt));
    }
    match ending {
        Ending::Returned(payload) => Verdict::Record(Outcome::Completed(payload)),
        Ending::BadResult(bad) => Verdict::Record(Outcome::Failed(failure(bad.code, &bad.message))),
        Ending::Error(error) if error.kind() == ErrorKind::Fatal => {
            Verdict::Record(Outcome::Failed(failure(ErrorCode::HandlerError, error.message())))
        }
        Ending::Error(error) if error.kind() == ErrorKind::Arguments => {
            Verdict::Record(Outcome::Failed(failure(ErrorCode::ArgumentsChanged, error.message())))
        }
        _ if causes.cancel_requested => Verdict::Record(Outcome::Cancelled),
        _ if causes.shutdown => Verdict::Release,
        Ending::Error(error) if error.kind() == ErrorKind::Cancelled => Verdict::Record(Outcome::Cancelled),
        Ending::Error(error) => {
            Verdict::Record(failed(failure(ErrorCode::HandlerError, error.message()), error.delay(), attempt))
        }
        Ending::Panicked(message) => {
            Verdict::Record(failed(failure(ErrorCode::Panic, &format!("the job panicked: {message}")), None, attempt))
        }
        // Dropped by nobody's wish: the runtime of the handlers is going down.
        Ending::Dropped => Verdict::Release,
    }
}

fn timed_out(attempt: Attempt<'_>) -> Outcome {
    let message = format!("Job timed out after {}s", attempt.timeout.as_secs_f64());
    let failure = Failure::new(ErrorCode::Timeout, message);
    if attempt.policy.retry_on_timeout && attempt.number < attempt.max {
        return retry(failure, None, AttemptEnd::Timeout, attempt);
    }
    Outcome::Timeout(failure)
}

fn failed(failure: Failure, delay: Option<std::time::Duration>, attempt: Attempt<'_>) -> Outcome {
    if attempt.number < attempt.max {
        return retry(failure, delay, AttemptEnd::Failed, attempt);
    }
    Outcome::Failed(failure)
}

fn retry(cause: Failure, delay: Option<std::time::Duration>, end: AttemptEnd, attempt: Attempt<'_>) -> Outcome {
    let after = delay.unwrap_or_else(|| attempt.policy.retry_delay(attempt.number, attempt.random));
    let seconds = (after.as_secs_f64() * 1000.0).round() / 1000.0;
    let shown = format!("Attempt {} failed: {}. Retrying in {seconds}s.", attempt.number, cause.message);
    // The history keeps many of these, so it keeps them short.
    let attempt = Failure::new(cause.code, crate::suggest::shorten(&cause.message, 500));
    Outcome::Retry { after, failure: failure(cause.code, &shown), attempt, end }
}

/// A failure with a message of bounded length.
fn failure(code: ErrorCode, message: &str) -> Failure {
    let end = (0..=MAX_MESSAGE.min(message.len())).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    let cut = if end < message.len() { " .." } else { "" };
    Failure::new(code, format!("{}{cut}", &message[..end]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_secs(1),
            max_retries: 2,
            backoff_base: 2.0,
            backoff_max: 60.0,
            backoff_jitter: 0.0,
            retry_on_timeout: false,
            result_ttl: None,
            failure_ttl: None,
            unique: None,
            concurrency: None,
            rate_limit: None,
        }
    }

    fn judge(ending: Ending, causes: Causes, number: u32) -> String {
        judge_by(ending, causes, number, &policy())
    }

    fn judge_by(ending: Ending, causes: Causes, number: u32, policy: &Policy) -> String {
        let attempt = Attempt { number, max: 3, timeout: Duration::from_millis(200), policy, random: 0.0 };
        match verdict(ending, causes, attempt) {
            Verdict::Record(outcome) => match outcome {
                Outcome::Completed(_) => "completed".into(),
                Outcome::Failed(failure) => format!("failed {}", failure.code),
                Outcome::Timeout(failure) => format!("timeout {}", failure.message),
                Outcome::Cancelled => "cancelled".into(),
                Outcome::Retry { after, failure, .. } => {
                    format!("retry in {} s: {}", after.as_secs(), failure.message)
                }
            },
            Verdict::Release => "released".into(),
            Verdict::Nothing => "nothing".into(),
        }
    }

    fn ok() -> Ending {
        Ending::Returned(Payload::from_json_bytes(*b"1"))
    }

    fn causes(of: &str) -> Causes {
        Causes {
            lease_lost: of.contains("lost"),
            timed_out: of.contains("timeout"),
            cancel_requested: of.contains("cancel"),
            shutdown: of.contains("shutdown"),
        }
    }

    #[test]
    fn without_a_reason_the_handler_decides() {
        let none = Causes::default();
        assert_eq!(judge(ok(), none, 1), "completed");
        assert_eq!(judge(Ending::Error(JobError::cancelled()), none, 1), "cancelled");
        assert_eq!(judge(Ending::Error(JobError::fatal("no")), none, 1), "failed HANDLER_ERROR");
        let boom = || Ending::Error(JobError::retry("boom"));
        assert_eq!(judge(boom(), none, 1), "retry in 2 s: Attempt 1 failed: boom. Retrying in 2s.");
        assert_eq!(judge(boom(), none, 2), "retry in 4 s: Attempt 2 failed: boom. Retrying in 4s.");
        assert_eq!(judge(boom(), none, 3), "failed HANDLER_ERROR");
        assert_eq!(judge(Ending::Panicked("ouch".into()), none, 3), "failed PANIC");
        let asked = JobError::retry("busy").retry_after(Duration::from_secs(9));
        assert_eq!(judge(Ending::Error(asked), none, 1), "retry in 9 s: Attempt 1 failed: busy. Retrying in 9s.");
        let bad = Ending::BadResult(Failure::new(ErrorCode::ResultTooLarge, ""));
        assert_eq!(judge(bad, none, 1), "failed RESULT_TOO_LARGE");
        assert_eq!(judge(Ending::Dropped, none, 1), "released");
    }

    #[test]
    fn after_a_cancel_only_a_result_or_a_fatal_error_counts() {
        let cancel = causes("cancel");
        assert_eq!(judge(ok(), cancel, 1), "completed");
        assert_eq!(judge(Ending::Error(JobError::fatal("no")), cancel, 1), "failed HANDLER_ERROR");
        assert_eq!(judge(Ending::Error(JobError::retry("boom")), cancel, 1), "cancelled");
        assert_eq!(judge(Ending::Panicked(String::new()), cancel, 3), "cancelled");
        assert_eq!(judge(Ending::Dropped, cancel, 1), "cancelled");
        assert_eq!(judge(Ending::Dropped, causes("cancel timeout"), 1), "timeout Job timed out after 0.2s");
        assert_eq!(judge(Ending::Dropped, causes("cancel shutdown"), 1), "cancelled");
    }

    #[test]
    fn a_timeout_is_final_unless_it_may_be_retried() {
        assert_eq!(judge(ok(), causes("timeout"), 1), "timeout Job timed out after 0.2s");
        let retried = Policy { retry_on_timeout: true, ..policy() };
        let shown = judge_by(Ending::Dropped, causes("timeout"), 1, &retried);
        assert_eq!(shown, "retry in 2 s: Attempt 1 failed: Job timed out after 0.2s. Retrying in 2s.");
        assert_eq!(judge_by(Ending::Dropped, causes("timeout"), 3, &retried), "timeout Job timed out after 0.2s");
    }

    #[test]
    fn at_shutdown_everything_else_goes_back() {
        let shutdown = causes("shutdown");
        assert_eq!(judge(ok(), shutdown, 1), "completed");
        assert_eq!(judge(Ending::Error(JobError::fatal("no")), shutdown, 1), "failed HANDLER_ERROR");
        assert_eq!(judge(Ending::Error(JobError::retry("boom")), shutdown, 3), "released");
        assert_eq!(judge(Ending::Error(JobError::cancelled()), shutdown, 1), "released");
        assert_eq!(judge(Ending::Dropped, shutdown, 1), "released");
    }

    #[test]
    fn nothing_is_recorded_under_a_lost_lease() {
        for ending in [ok(), Ending::Dropped, Ending::Error(JobError::fatal("no"))] {
            assert_eq!(judge(ending, causes("lost timeout cancel"), 1), "nothing");
        }
    }

    #[test]
    fn a_message_is_cut_between_characters() {
        let failure = failure(ErrorCode::HandlerError, &"ä".repeat(5000));
        assert!(failure.message.len() <= MAX_MESSAGE + 3 && failure.message.ends_with("ä .."));
    }
}
