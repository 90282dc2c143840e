//! Several processes on one store, each with a queue and a store handle of its own: what they do to each other's jobs.
//! Each case runs on every store that can be shared.

mod deploys;
mod limits;
mod views;

use std::sync::Arc;

use mcpq::{
    JobDefinition, Queue,
    store::{Store, sqlite::SqliteStore},
};

#[cfg(unix)]
use crate::servers::{postgres as pg, redis as rd};
use crate::{stores::file, support::builder};

/// Where the jobs of one test are.
pub(crate) enum Place {
    Sqlite(std::path::PathBuf),
    #[cfg(unix)]
    Postgres(String),
    #[cfg(unix)]
    Redis(String),
}

impl Place {
    fn sqlite() -> Self {
        Self::Sqlite(file())
    }

    #[cfg(unix)]
    fn postgres() -> Self {
        Self::Postgres(pg::new_schema())
    }

    #[cfg(unix)]
    fn redis() -> Self {
        Self::Redis(rd::new_name())
    }

    async fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(file) => Arc::new(SqliteStore::open(file).await.unwrap()),
            #[cfg(unix)]
            Self::Postgres(schema) => Arc::new(pg::shared(schema).open().await.unwrap()),
            #[cfg(unix)]
            Self::Redis(name) => Arc::new(rd::shared(name).open().await.unwrap()),
        }
    }

    /// A process with these jobs and the queues `default` and `slow`.
    async fn process(&self, jobs: impl IntoIterator<Item = JobDefinition>) -> Queue {
        let builder = jobs.into_iter().fold(builder(), |builder, job| builder.job(job));
        builder.queues(["slow"]).store_arc(self.store().await).build().await.unwrap()
    }
}

/// One test a store of each case in a module.
macro_rules! on_every_store {
    ($($case:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case($crate::together::Place::sqlite()).await;
                }
            )*
        }
        #[cfg(unix)]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case($crate::together::Place::postgres()).await;
                }
            )*
        }
        #[cfg(unix)]
        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case($crate::together::Place::redis()).await;
                }
            )*
        }
    };
}
use on_every_store;
