//! The command line: what `Server::run` does with the arguments of the program.

mod args;
mod cancel;
mod duration;
mod end;
mod follow;
mod input;
mod list;
mod log;
mod output;
mod result;
mod retry;
mod schema;
mod screen;
mod session;
mod stats;
mod status;
mod store;
mod submit;
mod table;
mod watch;
mod worker;

use std::{ffi::OsString, sync::Arc};

use self::{
    args::{Cli, Command, Options},
    end::{End, Failure, Outcome},
    output::Output,
    screen::Screen,
    session::Session,
};
use super::{Crew, Server, ServerError, StopSignal, crew::Serves, over_http, over_stdio};

/// How a run of the command line ended.
pub(super) struct Exit {
    pub(super) code: u8,
    /// Handlers are left that the runtime would wait for.
    pub(super) handlers_left: bool,
}

/// Does what the arguments say, and prints what comes of it.
pub(super) async fn run<I>(server: Server, args: I) -> Result<Exit, ServerError>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let cli = match args::parse(&server.base, &args) {
        Ok(cli) => cli,
        Err(code) => return Ok(Exit { code, handlers_left: false }),
    };
    let output = Output { json: cli.options.json };
    let mut crew = None;
    let ended = execute(server, cli, args::program(&args), &mut crew).await;
    let code = match ended {
        Ok(outcome) => output.outcome(&outcome),
        Err(End::Failure(failure)) => output.failure(&failure),
        Err(End::Program(error)) => return Err(error),
    };
    Ok(Exit { code, handlers_left: crew.is_some_and(|crew| crew.has_handlers_left()) })
}

async fn execute(mut server: Server, cli: Cli, program: String, used: &mut Option<Arc<Crew>>) -> Result<Outcome, End> {
    let Cli { options, command } = cli;
    let screen = Screen::new(options.json);
    let serves = matches!(command, None | Some(Command::Serve(_) | Command::Worker));
    log::start(options.log.as_deref(), serves, &screen);
    let name = server.base.name.clone();
    let store::Chosen { builder, unasked } = store::choose(server.builder, &name, &options, command.as_ref()).await?;
    server.builder = builder;
    if let Some(workers) = options.workers {
        server.builder = server.builder.workers(workers);
    }
    let waits = matches!(&command, Some(Command::Submit(submit)) if submit.wait);
    server.works = (serves || waits) && !options.no_worker;
    server.serves = Serves { queues: options.queues.clone(), job_types: options.job_types.clone() };

    let layer = server.layer.clone();
    let (base, crew) = server.open().await?;
    *used = Some(crew.clone());
    let session = Session { crew, program, screen };
    session.check(&options, command.as_ref())?;
    match (unasked, &command) {
        (Some(place), _) if serves => tracing::info!("jobs are kept in {place}; `--store` names another place"),
        (Some(place), Some(Command::Submit(_))) => session.screen.say(&format!("jobs are kept in {place}")),
        _ => {}
    }
    let Some(command) = command else {
        over_stdio::serve(base, &session.crew, &StopSignal::listen()?).await?;
        return Ok(Outcome::nothing());
    };
    Ok(match command {
        Command::Serve(serve) => {
            let stop = StopSignal::listen()?;
            over_http::serve(&serve.http, base, serve.extend(layer), &session.crew, &stop).await?;
            Outcome::nothing()
        }
        Command::Worker => worker::run(&session).await?,
        Command::Submit(submit) => submit::run(&session, submit).await?,
        Command::List(list) => list::run(&session, list).await?,
        Command::Status(job) => status::run(&session, job.id).await?,
        Command::Result(job) => result::run(&session, job.id).await?,
        Command::Cancel(job) => cancel::run(&session, job.id).await?,
        Command::Retry(job) => retry::run(&session, job.id).await?,
        Command::Stats => stats::run(&session).await?,
        Command::Watch(watch) => watch::run(&session, watch).await?,
        Command::Schema(schema) => schema::run(&session, schema)?,
    })
}
