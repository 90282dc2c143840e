//! How a job is run: timeout, retries, keeping. Pure values and arithmetic.

use std::time::Duration;

use super::Priority;

/// Most attempts after the first.
const MAX_RETRIES: u32 = 100;

/// Longest period of a rate limit.
const LONGEST_PERIOD: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Which equal jobs stand for a new one: the same owner, type and arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// Those that have not ended.
    Live,
    /// All that are kept.
    Kept,
}

/// Starts per period: a token bucket that holds `count` and refills evenly over `per`. So up to `count` jobs start at
/// once after a quiet time, and from then on one each `per / count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Starts.
    pub count: u32,
    /// The period.
    pub per: Duration,
}

/// What `#[mcp_job(..)]` says of a job. Fields left out take the queue's defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct JobOptions {
    /// Longest run of one attempt; the builder's default when `None`.
    pub timeout: Option<Duration>,
    /// Attempts after the first.
    pub max_retries: u32,
    /// Delay after the first failed attempt, in seconds; doubled after each further one.
    pub backoff_base: f64,
    /// Longest delay between attempts, in seconds.
    pub backoff_max: f64,
    /// Part of the delay that is added at random, 0.0 to 1.0.
    pub backoff_jitter: f64,
    /// Whether a timeout is retried like a failure.
    pub retry_on_timeout: bool,
    /// The queue that jobs of this type join.
    pub queue: &'static str,
    /// The priority of jobs of this type.
    pub priority: Priority,
    /// Most jobs of this type that run at once, across all workers of the store.
    pub concurrency: Option<u32>,
    /// Most starts of jobs of this type in a period, retries included, across all workers of the store.
    pub rate_limit: Option<RateLimit>,
    /// How long a completed or cancelled job is kept; [`Duration::MAX`] is for ever.
    pub result_ttl: Option<Duration>,
    /// How long a failed or timed-out job is kept; [`Duration::MAX`] is for ever.
    pub failure_ttl: Option<Duration>,
    /// Whether a submit is answered with an equal job, where there is one.
    pub unique: Option<Unique>,
}

impl JobOptions {
    /// The defaults.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            timeout: None,
            max_retries: 0,
            backoff_base: 2.0,
            backoff_max: 3600.0,
            backoff_jitter: 0.0,
            retry_on_timeout: false,
            queue: "default",
            priority: Priority::Normal,
            concurrency: None,
            rate_limit: None,
            result_ttl: None,
            failure_ttl: None,
            unique: None,
        }
    }

    /// What no job can be run by, as a text.
    pub(crate) fn fault(&self) -> Option<String> {
        let seconds = |value: f64| value.is_finite() && value >= 0.0;
        let wrong = match () {
            () if self.timeout.is_some_and(|timeout| timeout.is_zero()) => "`timeout` must be more than 0",
            () if self.max_retries > MAX_RETRIES => {
                return Some(format!("`max_retries` must not exceed {MAX_RETRIES}"));
            }
            () if !seconds(self.backoff_base) => "`backoff_base` must be a number of seconds",
            () if !seconds(self.backoff_max) => "`backoff_max` must be a number of seconds",
            () if !(0.0..=1.0).contains(&self.backoff_jitter) => "`backoff_jitter` must be from 0.0 to 1.0",
            () if self.concurrency == Some(0) => "`concurrency` must be more than 0",
            () if self.rate_limit.is_some_and(|rate| rate.count == 0) => "`rate_limit` must allow more than 0 starts",
            () if self.rate_limit.is_some_and(|rate| rate.per.is_zero() || rate.per > LONGEST_PERIOD) => {
                "the period of `rate_limit` must be more than 0 and at most 366 days"
            }
            () if self.queue.is_empty() => "`queue` must not be empty",
            () => return None,
        };
        Some(wrong.to_owned())
    }
}

/// A job type's options with the queue's defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Longest run of one attempt.
    pub timeout: Duration,
    /// Attempts after the first.
    pub max_retries: u32,
    /// Seconds; see [`JobOptions::backoff_base`].
    pub backoff_base: f64,
    /// Seconds.
    pub backoff_max: f64,
    /// 0.0 to 1.0.
    pub backoff_jitter: f64,
    /// Whether a timeout is retried.
    pub retry_on_timeout: bool,
    /// Most that run at once, across all workers of the store.
    pub concurrency: Option<u32>,
    /// Most starts in a period, across all workers of the store.
    pub rate_limit: Option<RateLimit>,
    /// How long a completed or cancelled job is kept; `None` is for ever.
    pub result_ttl: Option<Duration>,
    /// How long a failed or timed-out job is kept; `None` is for ever.
    pub failure_ttl: Option<Duration>,
    /// Whether a submit is answered with an equal job, where there is one.
    pub unique: Option<Unique>,
}

impl Policy {
    /// The delay after failed attempt number `attempt` (from 1): `base * 2^(attempt-1)`, capped, and up to `jitter`
    /// of itself more. `random` is between 0 and 1.
    pub fn retry_delay(&self, attempt: u32, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(1000) as i32;
        let delay = (self.backoff_base * 2f64.powi(doublings)).min(self.backoff_max);
        let seconds = delay * (1.0 + self.backoff_jitter * random.clamp(0.0, 1.0));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_secs(300),
            max_retries: 3,
            backoff_base: 2.0,
            backoff_max: 3600.0,
            backoff_jitter: 0.0,
            retry_on_timeout: false,
            concurrency: None,
            rate_limit: None,
            result_ttl: None,
            failure_ttl: None,
            unique: None,
        }
    }

    #[test]
    fn the_delay_doubles_from_the_base() {
        let seconds: Vec<u64> = (1..=3).map(|n| policy().retry_delay(n, 0.5).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8]);
    }

    #[test]
    fn the_delay_is_capped_even_for_absurd_attempts() {
        assert_eq!(policy().retry_delay(u32::MAX, 0.0), Duration::from_secs(3600));
    }

    #[test]
    fn jitter_adds_at_most_its_share() {
        let jittered = Policy { backoff_jitter: 0.5, ..policy() };
        assert_eq!(jittered.retry_delay(1, 0.0), Duration::from_secs(2));
        assert_eq!(jittered.retry_delay(1, 1.0), Duration::from_secs(3));
    }
}
