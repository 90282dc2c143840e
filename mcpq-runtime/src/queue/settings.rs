//! The limits and times of a queue.

use std::time::Duration;

use crate::registry::BuildError;

/// Longest of a queue's own times.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// The limits and times of a queue, as [`QueueBuilder`](super::QueueBuilder) sets them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Jobs that one process runs at once: 4.
    pub workers: usize,
    /// Longest run of one attempt where the job does not say: 300 s.
    pub default_timeout: Duration,
    /// How long completed and cancelled jobs are kept, `None` for ever: 1 h.
    pub result_ttl: Option<Duration>,
    /// How long failed and timed-out jobs are kept, `None` for ever: 24 h.
    pub failure_ttl: Option<Duration>,
    /// How often lost jobs are rescued; old ones are pruned every sixth time: 10 s, jittered.
    pub sweep_interval: Duration,
    /// How long a claim lasts; it is renewed at a third: 30 s.
    pub lease: Duration,
    /// How long a cancel waits for the job's end before it answers: 2 s.
    pub cancel_wait: Duration,
    /// How long a handler may go on after a cancel before it is dropped: 5 s.
    pub cancel_grace: Duration,
    /// What the queue tools' names begin with: `queue`.
    pub tool_prefix: String,
    /// Most jobs that are pending, delayed or parked: 10,000.
    pub max_pending: usize,
    /// Largest arguments in bytes: 1 MiB.
    pub max_args: usize,
    /// Largest result in bytes: 1 MiB.
    pub max_result: usize,
    /// Jobs that a listing shows unless asked: 20.
    pub page_size: usize,
    /// Most jobs that a listing shows: 100.
    pub max_page_size: usize,
    /// Progress writes a second and job: 10.
    pub progress_rate: u32,
    /// Lost leases after which a job fails: 3.
    pub max_crashes: u32,
    /// How long a parked job waits for its answer: 24 h.
    pub input_ttl: Duration,
    /// How long running jobs may go on when the process stops: 25 s, on stdio 1.5 s.
    pub shutdown_grace: Option<Duration>,
    /// How long a job's own tool waits for the result: 45 s.
    pub inline_wait: Duration,
    /// Longest wait that a call may ask for: 45 s.
    pub max_wait: Duration,
    /// Tools beside the five: none.
    pub optional_tools: Vec<OptionalTool>,
}

/// A queue tool that agents get only when the builder asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionalTool {
    /// `queue_retry`: runs an ended job again.
    Retry,
    /// `queue_remove`: forgets an ended job.
    Remove,
    /// `queue_stats`: how full the queue is.
    Stats,
}

impl Default for Settings {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            workers: 4,
            default_timeout: Duration::from_secs(300),
            result_ttl: Some(HOUR),
            failure_ttl: Some(24 * HOUR),
            sweep_interval: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            cancel_wait: Duration::from_secs(2),
            cancel_grace: Duration::from_secs(5),
            tool_prefix: "queue".to_owned(),
            max_pending: 10_000,
            max_args: 1 << 20,
            max_result: 1 << 20,
            page_size: 20,
            max_page_size: 100,
            progress_rate: 10,
            max_crashes: 3,
            input_ttl: 24 * HOUR,
            shutdown_grace: None,
            inline_wait: Duration::from_secs(45),
            max_wait: Duration::from_secs(45),
            optional_tools: Vec::new(),
        }
    }
}

impl Settings {
    /// How long running jobs may go on when the process stops, where the transport has no word in it.
    pub fn grace(&self) -> Duration {
        self.shutdown_grace.unwrap_or(Duration::from_secs(25))
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        let positive = [
            ("workers", self.workers),
            ("max_pending", self.max_pending),
            ("max_args", self.max_args),
            ("max_result", self.max_result),
            ("page_size", self.page_size),
            ("max_page_size", self.max_page_size),
            ("progress_rate", self.progress_rate as usize),
            ("max_crashes", self.max_crashes as usize),
        ];
        let durations = [
            ("default_timeout", self.default_timeout),
            ("sweep_interval", self.sweep_interval),
            ("lease", self.lease),
            ("input_ttl", self.input_ttl),
        ];
        // Far beyond any use, and safe to add to any point in time.
        let longest = [
            ("default_timeout", self.default_timeout),
            ("sweep_interval", self.sweep_interval),
            ("lease", self.lease),
            ("cancel_wait", self.cancel_wait),
            ("cancel_grace", self.cancel_grace),
            ("input_ttl", self.input_ttl),
            ("shutdown_grace", self.grace()),
        ];
        let zero = positive.into_iter().filter(|(_, value)| *value == 0).map(|(name, _)| name);
        let none = durations.into_iter().filter(|(_, value)| value.is_zero()).map(|(name, _)| name);
        let wrong = |setting, reason: &str| Err(BuildError::Setting { setting, reason: reason.to_owned() });
        if let Some(setting) = zero.chain(none).next() {
            return wrong(setting, "must be more than 0");
        }
        if let Some((setting, _)) = longest.into_iter().find(|(_, value)| *value > MAX_DURATION) {
            return wrong(setting, "must not exceed a year");
        }
        if self.page_size > self.max_page_size {
            return wrong("page_size", "must not exceed `max_page_size`");
        }
        // Clients commonly give up after 60 s; an answer must leave before.
        if self.max_wait > Duration::from_secs(55) || self.inline_wait > Duration::from_secs(55) {
            return wrong("max_wait", "and `inline_wait` must not exceed 55 s: common clients give up after 60 s");
        }
        let prefix = self.tool_prefix.as_bytes();
        let valid = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if prefix.is_empty() || prefix.len() > 40 || !prefix.iter().all(valid) {
            return wrong("tool_prefix", "must be 1 to 40 ASCII letters, digits, `_` and `-`");
        }
        Ok(())
    }
}
