//! Prints how a command ended.

use std::io::{self, Write};

use serde_json::json;

use super::end::{Failure, Outcome, USAGE};

/// Where answers and errors go: text, or JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// Prints an answer and returns the exit code.
    pub(super) fn outcome(self, outcome: &Outcome) -> u8 {
        match &outcome.json {
            Some(json) if self.json => out(&format!("{json:#}")),
            _ if self.json => {}
            _ => {
                out(&outcome.text);
                if let Some(complaint) = &outcome.complaint {
                    error(complaint, &[]);
                }
            }
        }
        outcome.code
    }

    /// Prints an error and returns the exit code.
    pub(super) fn failure(self, failure: &Failure) -> u8 {
        if self.json {
            err(&failure.json.to_string());
        } else {
            error(&failure.message, &failure.tips);
        }
        failure.code
    }

    /// Prints what is wrong with the command line, as JSON.
    pub(super) fn usage(self, error: &clap::Error) -> u8 {
        let text = error.render().to_string();
        let message = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().trim_end();
        let mut json = json!({ "error": { "code": "USAGE", "message": message, "retryable": false } });
        if let Some(tip) = text.lines().find_map(|line| line.trim().strip_prefix("tip: ")) {
            json["error"]["suggestion"] = tip.into();
        }
        err(&json.to_string());
        USAGE
    }
}

fn error(message: &str, tips: &[String]) {
    let mut text = format!("error: {message}");
    for tip in tips {
        text.push_str("\n  tip: ");
        text.push_str(tip);
    }
    err(&text);
}

/// A reader that has gone is no error: it has what it wanted.
fn out(text: &str) {
    if !text.is_empty() {
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}

fn err(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
