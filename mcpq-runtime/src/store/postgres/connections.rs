//! The store's own connections. A pool of sqlx asks the server with every return of one whether it still lives, and its
//! connections belong to whichever runtime first asked for them; here a statement is one round trip, and each runtime
//! has its own.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Query,
};
use tokio::{
    runtime::{Handle, Id},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::error::{Trouble, keeps_connection, unavailable};
use crate::store::StoreError;

/// A statement of the database, kept as text.
pub(super) type Sql = Arc<str>;

/// How often a call is made again that others were in the way of.
const TRIES: u32 = 6;

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a statement may take.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// The same of one that leases depend on, so that there is time for another on a sound connection.
pub(super) const SOON: Duration = Duration::from_secs(3);

/// An idle connection is asked whether it lives after this time, and closed after that.
const DOUBTFUL: Duration = Duration::from_secs(20);
const OLD: Duration = Duration::from_secs(300);

/// Connections to one database, so many at most in use at once.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    idle: Mutex<Vec<Idle>>,
    permits: Arc<Semaphore>,
    wait: Duration,
    answer: Duration,
    /// Whether a connection stays with one session of the server.
    own_session: bool,
}

struct Idle {
    connection: PgConnection,
    runtime: Id,
    since: Instant,
}

/// Whether a statement may be sent again when its answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It reads, or does the same again.
    Always,
    /// It would do more.
    Never,
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, most: usize, wait: Duration, own_session: bool) -> Self {
        // A pooler refuses settings that it does not know.
        let options = match own_session {
            true => options,
            false => options.extra_float_digits(None),
        };
        let permits = Arc::new(Semaphore::new(most.clamp(1, 1000)));
        Self(Arc::new(Inner { options, idle: Mutex::default(), permits, wait, answer: ANSWER, own_session }))
    }

    /// The same database, for so many statements at once whose answer is needed soon.
    pub(super) fn reserved(&self, most: usize) -> Self {
        let Inner { options, own_session, .. } = &*self.0;
        let (options, permits) = (options.clone(), Arc::new(Semaphore::new(most)));
        let (wait, answer, own_session) = (SOON, SOON, *own_session);
        Self(Arc::new(Inner { options, idle: Mutex::default(), permits, wait, answer, own_session }))
    }

    /// A connection for the caller alone. One that is dropped without [`Lent::settle`] is closed: what is under way on it
    /// ends at the server, or is taken back there.
    pub(super) async fn take(&self) -> Result<Lent, Trouble> {
        let permit = tokio::time::timeout(self.0.wait, self.0.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(unavailable("all its connections are in use; allow more, or ask for less at once").into());
        };
        let home = self.0.clone();
        while let Some(mut idle) = self.0.pop(Handle::current().id()) {
            let alive = idle.since.elapsed() < DOUBTFUL
                || matches!(tokio::time::timeout(CONNECT / 2, idle.connection.ping()).await, Ok(Ok(())));
            if alive {
                return Ok(Lent { connection: Some(idle.connection), home, _permit: permit });
            }
        }
        let connection = connect(&self.0.options, self.0.own_session).await?;
        Ok(Lent { connection: Some(connection), home, _permit: permit })
    }

    /// Sends a statement and fetches what it gives: again, where others were in the way, and on another connection,
    /// where the first was lost and a repetition does no harm.
    pub(super) async fn rows(
        &self,
        repeat: Repeat,
        make: impl Fn() -> Query<'static, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut tries = 0;
        loop {
            let trouble = match self.rows_once(make()).await {
                Ok(rows) => return Ok(rows),
                Err(trouble) => trouble,
            };
            tries += 1;
            if trouble.is_lost() {
                // The others were made before, so they are lost as well.
                self.0.lock().clear();
                if repeat == Repeat::Always && tries == 1 {
                    continue;
                }
            }
            if !trouble.is_conflict() || tries >= TRIES {
                return Err(trouble.into());
            }
            pause(tries).await;
        }
    }

    /// Whether a connection keeps statements that were prepared on it: behind a pooler another may be there next time.
    pub(super) fn keep_statements(&self) -> bool {
        self.0.own_session
    }

    async fn rows_once(&self, query: Query<'static, Postgres, PgArguments>) -> Result<Vec<PgRow>, Trouble> {
        let mut lent = self.take().await?;
        let rows = async {
            match self.0.own_session {
                true => query.fetch_all(&mut *lent).await,
                false => in_transaction(&mut lent, query.persistent(false)).await,
            }
        };
        match within(self.0.answer, rows).await {
            Ok(rows) => lent.settle(rows),
            Err(late) => {
                // The way to the server may be dead without a word, and the others lead along it.
                self.0.lock().clear();
                Err(late.into())
            }
        }
    }
}

/// One statement is several messages, which a pooler may send to several servers unless a transaction holds them together.
async fn in_transaction(
    connection: &mut PgConnection,
    query: Query<'static, Postgres, PgArguments>,
) -> sqlx::Result<Vec<PgRow>> {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    let rows = query.fetch_all(&mut *connection).await;
    let end = if rows.is_ok() { "COMMIT" } else { "ROLLBACK" };
    match sqlx::raw_sql(end).execute(connection).await {
        Err(error) if rows.is_ok() => Err(error),
        _ => rows,
    }
}

/// Waits a little, so that whoever is in the way goes on.
pub(super) async fn pause(tries: u32) {
    tokio::time::sleep(Duration::from_millis(u64::from(tries) * 4).mul_f64(0.5 + fastrand::f64())).await;
}

/// Calls again and again while others are in the way.
macro_rules! retried {
    ($call:expr) => {{
        let mut tries = 0;
        loop {
            match $call.await {
                Err(trouble) if trouble.is_conflict() && tries < 6 => {
                    tries += 1;
                    $crate::store::postgres::connections::pause(tries).await;
                }
                done => break done.map_err($crate::store::StoreError::from),
            }
        }
    }};
}
pub(super) use retried;

/// A statement with these arguments to come.
pub(super) fn query(sql: &Sql) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(sql.clone()))
}

/// Waits for an answer, for so long as one may take.
pub(super) async fn answer<T>(statement: impl Future<Output = sqlx::Result<T>>) -> Result<sqlx::Result<T>, StoreError> {
    within(ANSWER, statement).await
}

async fn within<T>(
    time: Duration,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> Result<sqlx::Result<T>, StoreError> {
    let late = |_| unavailable(format!("the database did not answer within {} s", time.as_secs()));
    tokio::time::timeout(time, statement).await.map_err(late)
}

/// Go by index, whatever the planner believes of tables that were empty when it looked. What a pooler hands to others
/// as well is left as it is.
const SESSION: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
    SET enable_mergejoin = off; SET jit = off; SET plan_cache_mode = force_generic_plan";

/// Opens a connection.
async fn connect(options: &PgConnectOptions, own_session: bool) -> Result<PgConnection, Trouble> {
    let connect = async {
        let mut connection = PgConnection::connect_with(options).await?;
        if own_session {
            sqlx::raw_sql(SESSION).execute(&mut connection).await?;
        }
        Ok(connection)
    };
    match tokio::time::timeout(CONNECT, connect).await {
        Ok(connected) => connected.map_err(Trouble::Sql),
        Err(_) => Err(unavailable(format!("the database took no connection within {} s", CONNECT.as_secs())).into()),
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection of this runtime that was used last, so that those which are not needed grow old.
    fn pop(&self, runtime: Id) -> Option<Idle> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < OLD);
        let place = idle.iter().rposition(|idle| idle.runtime == runtime)?;
        Some(idle.remove(place))
    }
}

/// A connection in use.
pub(super) struct Lent {
    connection: Option<PgConnection>,
    home: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// Gives the connection back where it is whole, and passes the answer on.
    pub(super) fn settle<T>(mut self, answer: sqlx::Result<T>) -> Result<T, Trouble> {
        if answer.as_ref().err().is_none_or(keeps_connection)
            && let Some(connection) = self.connection.take()
        {
            self.home.lock().push(Idle { connection, runtime: Handle::current().id(), since: Instant::now() });
        }
        Ok(answer?)
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    #[allow(clippy::expect_used, reason = "taken by `settle` alone, which consumes it")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("a lent connection is there until it is settled")
    }
}

impl DerefMut for Lent {
    #[allow(clippy::expect_used, reason = "taken by `settle` alone, which consumes it")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a lent connection is there until it is settled")
    }
}
