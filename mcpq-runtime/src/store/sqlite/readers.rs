//! The threads that read. They see what is committed and wait for no writer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    error::{gone, panicked, store_error},
    gate::Gate,
    place::Db,
};
use crate::store::StoreError;

type Read = Box<dyn FnOnce(&Db) + Send>;

/// Hands reads to the first thread that is free.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    reads: Sender<Read>,
    gate: Gate,
}

impl Readers {
    /// Starts a thread for each connection. They end when every handle is gone.
    pub(super) fn start(connections: Vec<Connection>, patience: Duration) -> std::io::Result<Self> {
        let (sender, reads) = channel::<Read>();
        let reads = Arc::new(Mutex::new(reads));
        for connection in connections {
            let db = Db::new(connection);
            let reads = reads.clone();
            let serve = move || {
                while let Some(read) = next(&reads) {
                    read(&db);
                }
            };
            std::thread::Builder::new().name("mcpq-sqlite-read".into()).spawn(serve)?;
        }
        Ok(Self { reads: sender, gate: Gate::new(patience) })
    }

    /// Runs `read` on one state of the file, whatever is written meanwhile.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Db) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ticket = self.gate.enter(0).await?;
        let (reply, answer) = oneshot::channel();
        let read: Read = Box::new(move |db| {
            let _ticket = ticket;
            if reply.is_closed() {
                return;
            }
            let look = || db.unchecked_transaction().and_then(|_one_state| read(db));
            let outcome = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| Err(panicked()));
            let _ = reply.send(outcome.map_err(store_error));
        });
        self.reads.send(read).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn next(reads: &Mutex<Receiver<Read>>) -> Option<Read> {
    reads.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
