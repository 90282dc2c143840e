//! Hears what other processes tell, on a connection of its own that is looked after.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures::StreamExt;
use redis::{ErrorKind, RedisError};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Inner, news::News};

/// A connection that is silent for so long is asked whether it lives, and has this long to say so.
const SILENCE: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(5);

/// Shortest and longest pause before a lost connection is made anew.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Starts to hear, until told to stop.
pub(super) fn start(store: &Arc<Inner>, stop: CancellationToken) {
    let store = Arc::downgrade(store);
    tokio::spawn(stop.run_until_cancelled_owned(run(store)));
}

async fn run(store: Weak<Inner>) {
    let mut pause = PAUSES.0;
    loop {
        match listen(&store, &mut pause).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "wake-ups are not heard until the connection for them is back; looking for jobs meanwhile");
            }
        }
        sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Listens on one connection until it is lost, or the store is gone.
async fn listen(store: &Weak<Inner>, pause: &mut Duration) -> Result<(), RedisError> {
    let Some(known) = store.upgrade() else { return Ok(()) };
    let (client, channel, origin) =
        (known.connections.client().clone(), format!("{}news", known.prefix), known.origin.clone());
    drop(known);
    let connect = async {
        let mut hearing = client.get_async_pubsub().await?;
        hearing.subscribe(channel).await?;
        Ok::<_, RedisError>(hearing)
    };
    let (mut probe, mut told) = timeout(ANSWER, connect).await.map_err(|_| silent())??.split();
    *pause = PAUSES.0;
    // Whatever was told before is lost.
    let Some(known) = store.upgrade() else { return Ok(()) };
    known.listeners.each(|listener| listener.resync());
    drop(known);
    loop {
        match timeout(SILENCE, told.next()).await {
            Ok(Some(message)) => {
                let Some(store) = store.upgrade() else { return Ok(()) };
                let text: String = message.get_payload()?;
                // What this process did, it has told itself.
                if let Some((from, words)) = text.split_once(' ')
                    && from != origin
                {
                    News::read(words).tell(&store.listeners);
                }
            }
            Ok(None) => return Err((ErrorKind::Io, "the server closed the connection").into()),
            // A connection may be dead without a word.
            Err(_) => timeout(ANSWER, probe.ping::<redis::Value>()).await.map_err(|_| silent())?.map(drop)?,
        }
    }
}

fn silent() -> RedisError {
    (ErrorKind::Io, "the server does not answer").into()
}
