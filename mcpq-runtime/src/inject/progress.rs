//! Progress of a running job: monotonic, clamped, coalesced on its way to the store.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Longest message that is kept, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Reports how far a job is. Cheap to clone; every clone reports for the same job.
///
/// What is reported never goes back and stays between 0 and 1. Reports may come at any rate: the latest is written
/// to the store a few times a second.
///
/// ```
/// # use mcpq_runtime::Progress;
/// let progress = Progress::new();
/// progress.report(2, 8).message("2 of 8 files");
/// assert_eq!(progress.fraction(), 0.25);
/// ```
#[derive(Clone, Default)]
pub struct Progress(Arc<Cell>);

#[derive(Default)]
struct Cell {
    latest: Mutex<Latest>,
    /// Who is told of news, and by which key.
    sink: Option<(Arc<dyn ProgressSink>, u64)>,
}

#[derive(Default)]
struct Latest {
    fraction: f64,
    message: Option<Arc<str>>,
    /// Whether the sink knows that there is something to fetch.
    announced: bool,
}

/// Learns that jobs have something new to tell.
pub trait ProgressSink: Send + Sync {
    /// Called once until the update is taken, with the key of the progress that has one.
    fn announce(&self, key: u64);
}

/// The latest progress of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgressUpdate {
    /// 0.0 to 1.0.
    pub fraction: f64,
    /// The latest message.
    pub message: Option<Arc<str>>,
}

impl Progress {
    /// A progress that nobody listens to, for calling a job directly in a test.
    pub fn new() -> Self {
        Self::default()
    }

    /// A progress that starts at nothing and announces news to `sink` under this key.
    pub fn with_sink(sink: Arc<dyn ProgressSink>, key: u64) -> Self {
        Self(Arc::new(Cell { latest: Mutex::default(), sink: Some((sink, key)) }))
    }

    /// Reports `done` of `total`, and lets a message follow: `progress.report(3, 10).message("three")`.
    ///
    /// A value below an earlier one, not finite, or of a total that is not positive changes nothing; one beyond the
    /// total counts as all.
    pub fn report(&self, done: impl ToFraction, total: impl ToFraction) -> Reported<'_> {
        let (done, total) = (done.to_f64(), total.to_f64());
        let fraction = if total > 0.0 { done / total } else { 0.0 };
        Reported { progress: self, fraction, message: None }
    }

    /// Reports a fraction between 0 and 1.
    pub fn set_fraction(&self, fraction: f64) {
        self.set(fraction, None);
    }

    /// Sets the message, cut at 1,024 bytes.
    pub fn message(&self, text: impl Into<String>) {
        self.set(0.0, Some(text.into()));
    }

    fn set(&self, fraction: f64, message: Option<String>) {
        let mut latest = self.lock();
        let mut news = false;
        // False for what is not a number.
        if fraction > latest.fraction {
            latest.fraction = fraction.min(1.0);
            news = true;
        }
        if let Some(mut text) = message {
            if text.len() > MAX_MESSAGE {
                let end = (0..=MAX_MESSAGE).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                text.truncate(end);
            }
            latest.message = Some(text.into());
            news = true;
        }
        if news {
            self.announce(latest);
        }
    }

    /// What was reported last, 0.0 to 1.0.
    pub fn fraction(&self) -> f64 {
        self.lock().fraction
    }

    /// The latest fraction and message.
    pub fn latest(&self) -> ProgressUpdate {
        let latest = self.lock();
        ProgressUpdate { fraction: latest.fraction, message: latest.message.clone() }
    }

    /// Takes the latest update for writing; the next report announces itself anew.
    pub fn take(&self) -> ProgressUpdate {
        let mut latest = self.lock();
        latest.announced = false;
        ProgressUpdate { fraction: latest.fraction, message: latest.message.clone() }
    }

    fn announce(&self, mut latest: MutexGuard<'_, Latest>) {
        if let Some((sink, key)) = &self.0.sink
            && !std::mem::replace(&mut latest.announced, true)
        {
            drop(latest);
            sink.announce(*key);
        }
    }

    // The data behind the lock is whole at every step, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.latest()).finish()
    }
}

/// A report that is made when this is dropped, at the end of the statement; a message may join it.
#[derive(Debug)]
pub struct Reported<'a> {
    progress: &'a Progress,
    fraction: f64,
    message: Option<String>,
}

impl Reported<'_> {
    /// Says what was reached.
    pub fn message(mut self, text: impl Into<String>) {
        self.message = Some(text.into());
    }
}

impl Drop for Reported<'_> {
    fn drop(&mut self) {
        self.progress.set(self.fraction, self.message.take());
    }
}

/// The numbers that [`Progress::report`] takes.
pub trait ToFraction {
    /// The number as a float.
    fn to_f64(self) -> f64;
}

macro_rules! to_fraction {
    ($($number:ty),*) => {
        $(impl ToFraction for $number {
            fn to_f64(self) -> f64 {
                self as f64
            }
        })*
    };
}

to_fraction!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn progress_never_goes_back_and_stays_in_bounds() {
        let progress = Progress::new();
        progress.set_fraction(0.5);
        for (done, total) in [(0.2, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, 0.0), (1.0, -1.0)] {
            progress.report(done, total);
            assert_eq!(progress.fraction(), 0.5, "{done} of {total}");
        }
        progress.report(7, 5).message("over");
        assert_eq!(progress.latest(), ProgressUpdate { fraction: 1.0, message: Some("over".into()) });
    }

    #[test]
    fn a_fraction_and_its_message_are_seen_together() {
        struct Seen(Mutex<Vec<ProgressUpdate>>, std::sync::OnceLock<Progress>);
        impl ProgressSink for Seen {
            fn announce(&self, _: u64) {
                self.0.lock().unwrap().extend(self.1.get().map(Progress::take));
            }
        }
        let sink = Arc::new(Seen(Mutex::default(), std::sync::OnceLock::new()));
        let progress = Progress::with_sink(sink.clone(), 7);
        sink.1.set(progress.clone()).unwrap();
        progress.report(1, 2).message("half");
        assert_eq!(*sink.0.lock().unwrap(), [ProgressUpdate { fraction: 0.5, message: Some("half".into()) }]);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let progress = Progress::new();
        progress.message("ä".repeat(2000));
        let message = progress.latest().message.unwrap();
        assert_eq!(message.len(), 1024);
        assert!(message.chars().all(|c| c == 'ä'));
    }

    #[test]
    fn news_is_announced_once_until_it_is_taken() {
        struct Count(AtomicUsize);
        impl ProgressSink for Count {
            fn announce(&self, _: u64) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let sink = Arc::new(Count(AtomicUsize::new(0)));
        let progress = Progress::with_sink(sink.clone(), 7);
        for n in 1..100 {
            progress.report(n, 100);
        }
        assert_eq!(sink.0.load(Ordering::Relaxed), 1);
        assert_eq!(progress.take().fraction, 0.99);
        progress.report(100, 100);
        assert_eq!(sink.0.load(Ordering::Relaxed), 2);
    }
}
