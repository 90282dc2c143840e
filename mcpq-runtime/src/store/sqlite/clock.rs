//! The store's clock: the same for every process on the machine, and deaf to whoever sets the time of day.
//!
//! Leases run on a clock that stands still while the machine sleeps, since the workers sleep with it; delays and
//! keeping run on one that goes on. Both are read from the system, and the file remembers how they relate to the
//! calendar, so that a correction of the time of day (NTP, a person) neither ends leases nor strands delayed jobs.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};

/// One moment. Microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// What delays, deadlines and keeping are measured by.
    pub(super) due: i64,
    /// What leases are measured by.
    pub(super) lease: i64,
    /// The time of day, for people to read.
    pub(super) wall: i64,
}

/// How `due` is made from the system's clock.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Added to the time since the machine started; `None` where the system does not tell which start and time that is.
    offset: Option<i64>,
}

impl Clock {
    /// A clock that goes on from what the file remembers of this start of the machine, if anything.
    pub(super) fn new(remembered: Option<i64>) -> Self {
        Self { offset: since_start().map(|(due, _)| remembered.unwrap_or(wall() - due)) }
    }

    /// The clock of a new start of the machine. It never goes back behind what the clock of an earlier start has shown:
    /// a machine may come up with a wrong time of day, and what waits by the clock would wait for that time to come round.
    pub(super) fn after(mark: Option<i64>) -> Self {
        Self { offset: since_start().map(|(due, _)| wall().max(mark.unwrap_or(i64::MIN)) - due) }
    }

    /// What the file is to remember.
    pub(super) fn offset(&self) -> i64 {
        self.offset.unwrap_or_default()
    }

    pub(super) fn now(&self) -> Now {
        let wall = wall();
        match (self.offset, since_start()) {
            (Some(offset), Some((due, lease))) => Now { due: due + offset, lease, wall },
            _ => Now { due: wall, lease: wall, wall },
        }
    }
}

/// Which start of the machine this is, where the system tells. Leases of an earlier one are over: their workers are gone.
pub(super) fn boot() -> Option<&'static str> {
    static BOOT: LazyLock<Option<String>> = LazyLock::new(system::boot);
    BOOT.as_deref()
}

/// The time since this start, asleep included and not.
fn since_start() -> Option<(i64, i64)> {
    boot().and_then(|_| system::since_start())
}

fn wall() -> i64 {
    Utc::now().timestamp_micros()
}

/// A time of day from its microseconds.
pub(super) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    pub(super) fn since_start() -> Option<(i64, i64)> {
        let micros = |Timespec { tv_sec, tv_nsec }: Timespec| tv_sec * 1_000_000 + tv_nsec / 1_000;
        Some((micros(clock_gettime(ClockId::Boottime)), micros(clock_gettime(ClockId::Monotonic))))
    }

    pub(super) fn boot() -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn since_start() -> Option<(i64, i64)> {
        None
    }

    pub(super) fn boot() -> Option<String> {
        None
    }
}
