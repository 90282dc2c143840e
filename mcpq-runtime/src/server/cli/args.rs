//! What the command line takes.

use std::{ffi::OsString, path::Path};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser},
};

use super::{duration, log, output::Output};
use crate::{
    job::{JobId, Priority, Status},
    server::{base::BaseServer, http::HttpLayer},
};

/// Runs background jobs for AI agents over MCP (Model Context Protocol).
///
/// Without a command it serves one client over standard input and output, as MCP hosts start it.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What holds for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Options {
    /// Where jobs are kept: `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE` or `redis://USER:PASSWORD@HOST` in
    /// programs that are built with it, or `memory:` for this process until it ends; a file in the user's data directory,
    /// named after the server, unless given
    #[arg(long, global = true, env = "MCPQ_STORE", value_name = "URL", hide_env_values = true)]
    pub(super) store: Option<String>,
    /// Run no jobs in this process
    #[arg(long, global = true, env = "MCPQ_NO_WORKER", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub(super) no_worker: bool,
    /// Jobs to run at once
    #[arg(long, global = true, env = "MCPQ_WORKERS", value_name = "N", value_parser = workers)]
    pub(super) workers: Option<usize>,
    /// Run the jobs of these queues alone
    #[arg(long, global = true, env = "MCPQ_QUEUES", value_name = "QUEUES", value_delimiter = ',')]
    pub(super) queues: Vec<String>,
    /// Run jobs of these types alone
    #[arg(long, global = true, env = "MCPQ_JOB_TYPES", value_name = "TYPES", value_delimiter = ',')]
    pub(super) job_types: Vec<String>,
    /// What to log on standard error, such as `info` or `warn,my_jobs=debug`
    #[arg(long, global = true, env = "MCPQ_LOG", value_name = "FILTER", value_parser = log::filter)]
    pub(super) log: Option<String>,
    /// Answer in JSON: one document on standard output, errors on standard error
    #[arg(long, global = true, env = "MCPQ_JSON", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve MCP over HTTP, under /mcp
    Serve(Serve),
    /// Run jobs and serve no client
    Worker,
    /// Submit a job, and with --wait run it here
    Submit(Submit),
    /// List jobs, newest first
    List(List),
    /// Show a job
    Status(Job),
    /// Print the result of a job that has ended
    Result(Job),
    /// Ask for the end of a job
    Cancel(Job),
    /// Run a failed, timed-out or cancelled job again
    Retry(Job),
    /// Show how full the queue is and how fast it drains
    Stats,
    /// Follow jobs as they run
    Watch(Watch),
    /// Show the job types, or the arguments and the result of one
    Schema(Schema),
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address to listen on
    #[arg(long, env = "MCPQ_HTTP", value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(super) http: String,
    /// Host name by which clients may call, beside this machine's own; may be repeated
    #[arg(long, env = "MCPQ_ALLOWED_HOST", value_name = "HOST", value_delimiter = ',')]
    allowed_host: Vec<String>,
    /// Origin whose web pages may call, such as `https://app.example.com`; may be repeated
    #[arg(long, env = "MCPQ_ALLOWED_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allowed_origin: Vec<String>,
}

impl Serve {
    /// Allows what the command line allows.
    pub(super) fn extend(&self, layer: HttpLayer) -> HttpLayer {
        let layer = self.allowed_host.iter().fold(layer, HttpLayer::allow_host);
        self.allowed_origin.iter().fold(layer, HttpLayer::allow_origin)
    }
}

#[derive(Debug, Args)]
pub(super) struct Submit {
    /// Job type; `schema` lists them
    #[arg(value_name = "TYPE")]
    pub(super) job_type: String,
    /// Arguments as a JSON object, `@FILE` to read them from a file, `-` from standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(super) args: String,
    /// Run the job in this process, show its progress and print its result
    #[arg(long)]
    pub(super) wait: bool,
    /// How urgent it is; the job type's own unless given
    #[arg(long, value_parser = PossibleValuesParser::new(Priority::ALL.map(|priority| priority.as_str()))
        .try_map(|name| name.parse::<Priority>().map_err(|()| "no such priority")))]
    pub(super) priority: Option<Priority>,
    /// Queue to join; the job type's own unless given
    #[arg(long)]
    pub(super) queue: Option<String>,
    /// Idempotency key: repeating it with equal arguments gives the same job
    #[arg(long)]
    pub(super) key: Option<String>,
    /// Start no earlier than after this time, such as `90` (seconds) or `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(super) delay: Option<std::time::Duration>,
    /// Longest run of one attempt; may only lower the job type's own
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Attempts after the first; may only lower the job type's own
    #[arg(long, value_name = "N")]
    pub(super) max_retries: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only jobs with this status
    #[arg(long, value_parser = PossibleValuesParser::new(Status::ALL.map(|status| status.as_str()))
        .try_map(|name| name.parse::<Status>().map_err(|()| "no such status")))]
    pub(super) status: Option<Status>,
    /// Only jobs of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) job_type: Option<String>,
    /// Only jobs in this queue
    #[arg(long)]
    pub(super) queue: Option<String>,
    /// Most jobs to show
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Go on where an earlier list ended
    #[arg(long)]
    pub(super) cursor: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct Job {
    /// Id of the job, as its submit returned it
    #[arg(value_name = "ID", value_parser = job_id)]
    pub(super) id: JobId,
}

#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Ids of jobs to follow to their end; without any, all jobs that run, until ctrl-c
    #[arg(value_name = "ID", value_parser = job_id)]
    pub(super) ids: Vec<JobId>,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Job type to show
    #[arg(value_name = "TYPE")]
    pub(super) job_type: Option<String>,
}

/// Reads the arguments. `Err`: it has been printed what is wrong with them, or what was asked for; the exit code.
pub(super) fn parse(base: &BaseServer, args: &[OsString]) -> Result<Cli, u8> {
    let command = Cli::command().name(base.name.clone()).version(base.version.clone());
    let parsed = command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let asked = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
        if asked && error.use_stderr() {
            return Output { json: true }.usage(&error);
        }
        // Nobody is left to be told when printing fails.
        let _ = error.print();
        u8::try_from(error.exit_code()).unwrap_or(2)
    })
}

/// How the program was called, for messages that name it.
pub(super) fn program(args: &[OsString]) -> String {
    let name = args.first().and_then(|path| Path::new(path).file_name());
    name.map_or_else(|| "mcpq".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be more than 0; to run no jobs, give --no-worker".to_owned()),
        Ok(workers) => Ok(workers),
        Err(_) => Err("it must be a whole number".to_owned()),
    }
}

fn address(text: &str) -> Result<String, String> {
    if text.parse::<u16>().is_ok() {
        return Ok(format!("127.0.0.1:{text}"));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("it must be a host and a port, such as 127.0.0.1:8080 or 0.0.0.0:8080".to_owned()),
    }
}

fn job_id(text: &str) -> Result<JobId, String> {
    text.parse().map_err(|_| "it is not a job id; give it exactly as the submit returned it".to_owned())
}
