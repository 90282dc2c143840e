//! Jobs as text for people.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};

use super::duration::short;
use crate::job::{JobRecord, Status};

/// Lines up columns; the last one is as long as it likes.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Rows for a heading and some fields below it.
pub(super) fn fields(heading: &str, fields: &[(&str, String)]) -> String {
    let rows: Vec<Vec<String>> = fields.iter().map(|(name, value)| vec![format!("  {name}"), value.clone()]).collect();
    format!("{heading}\n{}", columns(&rows))
}

/// What a job is doing, in a few words.
pub(super) fn activity(record: &JobRecord) -> String {
    let message = record.progress_message.as_deref().filter(|message| !message.is_empty());
    let failure = record.failure.as_ref().map(|failure| failure.message.as_str());
    let words: Cow<'_, str> = match record.status {
        Status::Pending => {
            let due = record.run_at.and_then(until).map(|wait| format!("in {}", short(wait)));
            match (failure, due) {
                (Some(failure), due) => {
                    let due = due.unwrap_or_else(|| "when a worker is free".to_owned());
                    let (attempts, most) = (record.attempts, record.max_attempts);
                    format!("attempt {attempts} of {most} failed: {failure}; the next starts {due}").into()
                }
                (None, Some(due)) => format!("starts {due}").into(),
                (None, None) => "waits for a worker".into(),
            }
        }
        Status::Running if record.cancel_requested => "is being cancelled".into(),
        Status::Running => message.unwrap_or("running").into(),
        Status::InputRequired => "waits for an answer to its question".into(),
        Status::Completed => "completed".into(),
        Status::Failed | Status::Timeout => failure.unwrap_or("failed").into(),
        Status::Cancelled => "cancelled".into(),
    };
    plain(&words)
}

/// Text from elsewhere without what could steer a terminal, on one line.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A time as how long ago it was.
pub(super) fn ago(at: DateTime<Utc>) -> String {
    format!("{} ago", short((Utc::now() - at).to_std().unwrap_or_default()))
}

fn until(at: DateTime<Utc>) -> Option<Duration> {
    (at - Utc::now()).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_trail_no_blanks() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), String::new()]];
        assert_eq!(columns(&rows), "a    bb\nccc");
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
