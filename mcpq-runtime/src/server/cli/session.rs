//! What a command works with.

use std::sync::Arc;

use super::{Command, Failure, Options, Screen};
use crate::{queue::Queue, server::Crew, suggest};

/// The queue and the terminal.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) crew: Arc<Crew>,
    /// How the program was called.
    pub(super) program: String,
    pub(super) screen: Screen,
}

impl Session {
    /// Acts for whoever sits at this machine.
    pub(super) fn queue(&self) -> &Queue {
        self.crew.queue()
    }

    /// Sees and touches the jobs of all owners, for a command that makes sense only where other processes keep jobs too.
    pub(super) fn shared(&self, command: &str) -> Result<Queue, Failure> {
        if self.queue().store().is_shared() {
            return Ok(self.queue().operator());
        }
        let program = &self.program;
        Err(self
            .not_shared(&format!("`{command}` needs a store that processes share"))
            .tip(format!("ask the process that has the job: an agent does with the tool `{}`", self.tool(command)))
            .tip(format!("`{program} submit TYPE --args JSON --wait` runs a job in this process and shows its result")))
    }

    /// A refusal because no other process sees the jobs of this one.
    pub(super) fn not_shared(&self, what: &str) -> Failure {
        let kind = self.queue().store().kind();
        let why = format!("{what}: the {kind} store keeps jobs in one process, until it ends");
        Failure::usage("STORE_NOT_SHARED", why)
    }

    /// Refuses options that make no sense together, or with this queue.
    pub(super) fn check(&self, options: &Options, command: Option<&Command>) -> Result<(), Failure> {
        let shared = self.queue().store().is_shared();
        if matches!(command, Some(Command::Worker)) {
            if !shared {
                return Err(self
                    .not_shared("no job would reach `worker`")
                    .tip(format!("`{0}` and `{0} serve` run the jobs that they take themselves", self.program)));
            }
            if options.no_worker {
                return Err(Failure::usage("USAGE", "`worker` cannot run with `--no-worker`"));
            }
        }
        let runs = match command {
            None | Some(Command::Serve(_)) => true,
            Some(Command::Submit(submit)) => submit.wait,
            _ => false,
        };
        if runs && options.no_worker && !shared {
            return Err(self
                .not_shared("with `--no-worker` nobody would run the jobs")
                .tip("leave out `--no-worker` (or the variable MCPQ_NO_WORKER)"));
        }
        self.check_queues(&options.queues)?;
        self.check_job_types(&options.job_types)
    }

    fn check_job_types(&self, names: &[String]) -> Result<(), Failure> {
        let registry = self.queue().registry();
        match names.iter().find(|name| registry.named(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(self.unknown_job_type(name)),
        }
    }

    /// The failure of a name that no job type has.
    pub(super) fn unknown_job_type(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.queue().registry().types().map(|job| job.name()).collect();
        let hint = suggest::nearest(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
        let message = format!("unknown job type `{}`{}", suggest::quote(name), hint.unwrap_or_default());
        Failure::usage("UNKNOWN_JOB_TYPE", message).tip(format!("`{} schema` lists the job types", self.program))
    }

    fn check_queues(&self, names: &[String]) -> Result<(), Failure> {
        let known = self.queue().registry().queues();
        match names.iter().find(|name| !known.iter().any(|known| **known == ***name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("--queues: there is no queue `{}`", suggest::quote(name));
                Err(Failure::usage("VALIDATION_ERROR", message).tip(format!("the queues are {}", suggest::list(known))))
            }
        }
    }

    fn tool(&self, command: &str) -> String {
        let prefix = &self.queue().settings().tool_prefix;
        match command {
            "watch" => format!("{prefix}_status"),
            command => format!("{prefix}_{command}"),
        }
    }
}
