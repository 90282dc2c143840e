//! The way to the server: one connection that all calls of a runtime share, made anew when it is lost.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, ServerErrorKind, Value, aio::MultiplexedConnection,
};
use tokio::runtime::{Handle, Id};

use super::{
    error::{is_lost, store_error},
    reply::Reply,
    request::Request,
};
use crate::store::StoreError;

/// How long a new connection, and an answer, may take.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(5);

/// Whether a request may be sent again when nobody knows what became of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing a second time, and is answered as the first time.
    Always,
    Never,
}

pub(super) struct Connections {
    client: Client,
    /// A connection belongs to the runtime on which it was made. The number tells one from its successor.
    open: Mutex<HashMap<Id, (u64, MultiplexedConnection)>>,
    /// Connections are made one at a time.
    making: tokio::sync::Mutex<Making>,
}

#[derive(Default)]
struct Making {
    made: u64,
    /// The last attempt, where it failed: whoever waited for it has failed as well.
    failed: Option<(Instant, RedisError)>,
}

impl Connections {
    pub(super) fn new(client: Client) -> Self {
        Self { client, open: Mutex::default(), making: tokio::sync::Mutex::default() }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, (u64, MultiplexedConnection)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> Option<(u64, MultiplexedConnection)> {
        self.lock().get(&Handle::current().id()).cloned()
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let asked = Instant::now();
        let mut making = self.making.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        if let Some((when, error)) = &making.failed
            && *when > asked
        {
            return Err(error.clone());
        }
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
        let made = match self.client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(made) => made,
            Err(error) => {
                making.failed = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        making.made += 1;
        let mut open = self.lock();
        if open.len() > 64 {
            // Runtimes that are gone; one that is not connects again.
            open.clear();
        }
        open.insert(Handle::current().id(), (making.made, made.clone()));
        Ok((making.made, made))
    }

    /// Sends one command.
    pub(super) async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let (number, mut connection) = self.connection().await?;
        let answer = connection.send_packed_command(command).await.and_then(Value::extract_error);
        if answer.as_ref().err().is_some_and(is_lost) {
            let mut open = self.lock();
            let runtime = Handle::current().id();
            if open.get(&runtime).is_some_and(|(known, _)| *known == number) {
                open.remove(&runtime);
            }
        }
        answer
    }

    /// Runs a script.
    pub(super) async fn ask(
        &self,
        prefix: &str,
        origin: &str,
        request: &Request,
        repeat: Repeat,
    ) -> Result<Reply, StoreError> {
        let command = |name: &str, script: &str| {
            let mut command = Cmd::new();
            command.arg(name).arg(script).arg(1).arg(prefix).arg(origin);
            for argument in request.args.args_iter() {
                if let redis::Arg::Simple(bytes) = argument {
                    command.arg(bytes);
                }
            }
            command
        };
        let known = command("EVALSHA", &request.script.hash);
        let mut answer = self.send(&known).await;
        if repeat == Repeat::Always && answer.as_ref().err().is_some_and(is_lost) {
            answer = self.send(&known).await;
        }
        // The server was restarted, or told to forget its scripts. It has not run then.
        if answer.as_ref().err().is_some_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)) {
            answer = self.send(&command("EVAL", &request.script.text)).await;
        }
        answer.map(Reply).map_err(store_error)
    }
}
