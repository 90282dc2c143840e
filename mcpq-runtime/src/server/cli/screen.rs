//! Standard error as a terminal with progress bars, or as lines.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::table;
use crate::job::{JobRecord, Status};

/// Shortest time between two lines about one job.
const LINE_PAUSE: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    bars: MultiProgress,
    style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    /// With `--json`, where what stands on standard error is for a program too.
    Quiet,
}

impl Screen {
    pub(super) fn new(json: bool) -> Self {
        let style = match io::stderr().is_terminal() {
            true => Style::Bars,
            false if json => Style::Quiet,
            false => Style::Lines,
        };
        Self { bars: MultiProgress::new(), style }
    }

    /// Writes to standard error past the bars.
    pub(super) fn without_bars<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bars.suspend(write)
    }

    /// Says something to the person at the terminal.
    pub(super) fn say(&self, text: &str) {
        if self.style != Style::Quiet {
            // Nobody is left to be told when this fails.
            let _ = self.without_bars(|| writeln!(io::stderr().lock(), "{text}"));
        }
    }

    /// A place for the progress of one job; with `named` its lines tell which.
    pub(super) fn job(&self, named: bool) -> JobView {
        let bar = (self.style == Style::Bars).then(|| {
            let bar = self.bars.add(ProgressBar::new(1000));
            let template = "{spinner} {prefix} [{bar:30}] {percent:>3}% {elapsed} {wide_msg}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        JobView { screen: self.clone(), bar, named, said: None }
    }
}

/// Shows the progress of one job, until it is dropped.
#[derive(Debug)]
pub(super) struct JobView {
    screen: Screen,
    bar: Option<ProgressBar>,
    named: bool,
    said: Option<Said>,
}

impl JobView {
    /// Shows the job as it is now.
    pub(super) fn show(&mut self, record: &JobRecord) {
        let text = table::activity(record);
        if let Some(bar) = &self.bar {
            bar.set_prefix(record.job_type.to_string());
            bar.set_position((record.progress * 1000.0) as u64);
            bar.set_message(text);
            return;
        }
        // To wait for a worker is usually over at once, and nothing that anybody waits to hear.
        let plain_wait = record.status == Status::Pending && record.run_at.is_none();
        if self.screen.style == Style::Quiet || record.status.is_final() || plain_wait {
            return;
        }
        let percent = (record.progress * 100.0).floor();
        let name = if self.named { format!("{} {}", record.id, record.job_type) } else { record.job_type.to_string() };
        let said = Said { at: Instant::now(), status: record.status, line: format!("{name}: {percent:>3}% {text}") };
        if self.said.as_ref().is_none_or(|before| said.is_news_after(before)) {
            self.screen.say(&said.line);
            self.said = Some(said);
        }
    }
}

/// The last line about a job.
#[derive(Debug)]
struct Said {
    at: Instant,
    status: Status,
    line: String,
}

impl Said {
    fn is_news_after(&self, before: &Self) -> bool {
        let rested = self.at.duration_since(before.at) >= LINE_PAUSE;
        self.line != before.line && (rested || self.status != before.status)
    }
}

impl Drop for JobView {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
