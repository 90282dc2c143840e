//! Settings from the environment, so that a test of leases and sweeps is over soon.

use std::{str::FromStr, time::Duration};

use mcpq::QueueBuilder;

pub(crate) fn apply(mut builder: QueueBuilder) -> QueueBuilder {
    if let Some(lease) = millis("TEST_LEASE_MS") {
        builder = builder.lease(lease);
    }
    if let Some(interval) = millis("TEST_SWEEP_MS") {
        builder = builder.sweep_interval(interval);
    }
    if let Some(grace) = millis("TEST_GRACE_MS") {
        builder = builder.shutdown_grace(grace);
    }
    if let Some(most) = number("TEST_MAX_CRASHES") {
        builder = builder.max_crashes(most);
    }
    if let Some(most) = number("TEST_MAX_PENDING") {
        builder = builder.max_pending(most);
    }
    if std::env::var_os("TEST_ONLY_ADD").is_some() {
        builder = builder.without_linked_jobs().job(super::jobs::add::JOB);
    }
    builder
}

fn millis(name: &str) -> Option<Duration> {
    number(name).map(Duration::from_millis)
}

fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
