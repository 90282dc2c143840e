//! How a command ends: with an answer or with an error.

use serde_json::{Value, json};

use crate::{job::ArgFault, mcp::answer, queue::QueueError, server::ServerError, worker::StartError};

/// The exit code of a job or a server that failed.
pub(super) const FAILED: u8 = 1;
/// The exit code of a command line that is wrong.
pub(super) const USAGE: u8 = 2;

/// What a command answers.
#[derive(Debug)]
pub(super) struct Outcome {
    /// With `--json`; none where the command has nothing to say.
    pub(super) json: Option<Value>,
    /// For standard output, without `--json`.
    pub(super) text: String,
    /// For standard error, without `--json`: what went wrong with the job.
    pub(super) complaint: Option<String>,
    pub(super) code: u8,
}

impl Outcome {
    pub(super) fn new(json: impl Into<Value>, text: impl Into<String>) -> Self {
        Self { json: Some(json.into()), text: text.into(), complaint: None, code: 0 }
    }

    /// A server that has stopped has no answer.
    pub(super) fn nothing() -> Self {
        Self { json: None, text: String::new(), complaint: None, code: 0 }
    }

    pub(super) fn complain(mut self, code: u8, complaint: impl Into<String>) -> Self {
        self.complaint = Some(complaint.into());
        self.code = code;
        self
    }
}

/// Why a command did nothing.
#[derive(Debug)]
pub(super) enum End {
    /// The command line, or the world: told to whom typed it.
    Failure(Failure),
    /// The program: told to whom wrote it.
    Program(ServerError),
}

/// An error of the command line.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    /// What to do next.
    pub(super) tips: Vec<String>,
    /// With `--json`.
    pub(super) json: Value,
    pub(super) code: u8,
}

impl Failure {
    /// A command line that cannot be followed.
    pub(super) fn usage(code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let json = json!({ "error": { "code": code, "message": message, "retryable": false } });
        Self { message, tips: Vec::new(), json, code: USAGE }
    }

    pub(super) fn tip(mut self, tip: impl Into<String>) -> Self {
        let tip = tip.into();
        if self.json["error"].get("suggestion").is_none() {
            self.json["error"]["suggestion"] = tip.as_str().into();
        }
        self.tips.push(tip);
        self
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let code = match &error {
            QueueError::Validation { .. }
            | QueueError::InvalidArguments { .. }
            | QueueError::UnknownJobType { .. }
            | QueueError::PayloadTooLarge { .. } => USAGE,
            _ => FAILED,
        };
        let (message, tip) = match &error {
            QueueError::Validation { faults } => (lines("the command line is wrong:", faults, flag), None),
            QueueError::InvalidArguments { job_type, faults, .. } => {
                let head = format!("the arguments do not fit the job type `{job_type}`:");
                (lines(&head, faults, str::to_owned), None)
            }
            QueueError::UnknownJobType { .. } => (error.to_string(), None),
            _ => (error.to_string(), error.suggestion()),
        };
        Self { message, tips: tip.into_iter().collect(), json: answer::failure_json(&error), code }
    }
}

/// A message that lists what is wrong, each with its place.
fn lines(head: &str, faults: &[ArgFault], place: impl Fn(&str) -> String) -> String {
    let faults = faults.iter().map(|fault| match place(&fault.pointer) {
        place if place.is_empty() => format!("\n  {}", fault.message),
        place => format!("\n  {place}: {}", fault.message),
    });
    std::iter::once(head.to_owned()).chain(faults).collect()
}

/// The flag that sets a parameter of a submit.
fn flag(pointer: &str) -> String {
    match pointer {
        "/idempotency_key" => "--key".to_owned(),
        "/delay_seconds" => "--delay".to_owned(),
        "/job_type" => "TYPE".to_owned(),
        other => format!("--{}", other.trim_start_matches('/').replace('_', "-")),
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<QueueError> for End {
    fn from(error: QueueError) -> Self {
        Failure::from(error).into()
    }
}

impl From<StartError> for End {
    fn from(error: StartError) -> Self {
        ServerError::from(error).into()
    }
}

impl From<ServerError> for End {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Build(_) | ServerError::Mount(_) => Self::Program(error),
            _ => {
                let failure = Failure { code: FAILED, ..Failure::usage("SERVER_ERROR", error.to_string()) };
                match error {
                    ServerError::Listen { .. } => failure.tip("choose another address with `--http`"),
                    _ => failure,
                }
                .into()
            }
        }
    }
}
