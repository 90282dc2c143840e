//! A way to a server that can go bad.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes connections to a local port on to a server's socket.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    ways: Arc<Mutex<Vec<Way>>>,
    _stop: DropGuard,
}

/// One connection.
#[derive(Clone, Default)]
struct Way {
    /// Whether it has been told to listen.
    listens: Arc<AtomicBool>,
    silent: CancellationToken,
}

impl Proxy {
    pub(crate) async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ways, stop) = (Arc::<Mutex<Vec<Way>>>::default(), CancellationToken::new());
        let (known, stopped) = (ways.clone(), stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let Ok(server) = UnixStream::connect(&socket).await else { continue };
                let way = Way::default();
                known.lock().unwrap().push(way.clone());
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                let both =
                    futures::future::join(pass(from_client, to_server, way.clone()), pass(from_server, to_client, way));
                tokio::spawn(stopped.clone().run_until_cancelled_owned(both));
            }
        }));
        Self { port, ways, _stop: stop.drop_guard() }
    }

    /// How many connections have been told to listen.
    pub(crate) fn listening(&self) -> usize {
        self.ways.lock().unwrap().iter().filter(|way| way.listens.load(Ordering::SeqCst)).count()
    }

    /// From now on those that there are carry nothing any more, and nobody is told.
    pub(crate) fn silence(&self, chosen: Chosen) {
        let ways = self.ways.lock().unwrap();
        let chosen = |way: &&Way| chosen == Chosen::All || way.listens.load(Ordering::SeqCst);
        ways.iter().filter(chosen).for_each(|way| way.silent.cancel());
    }
}

/// Which connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    All,
    Listening,
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, way: Way) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Some(read) = way.silent.run_until_cancelled(from.read(&mut buffer)).await else {
            // Neither side is closed.
            return std::future::pending().await;
        };
        let Ok(read @ 1..) = read else { return };
        if [&b"LISTEN "[..], b"SUBSCRIBE"].iter().any(|word| buffer[..read].windows(word.len()).any(|at| at == *word)) {
            way.listens.store(true, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
