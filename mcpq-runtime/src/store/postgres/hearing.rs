//! Hears what other processes tell, on a connection of its own that is looked after.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Inner, news::News};

/// A connection that is silent for so long is asked whether it lives, and has this long to say so.
const SILENCE: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(5);

/// Shortest and longest pause before a lost connection is made anew.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Starts to hear, until told to stop.
pub(super) fn start(store: &Arc<Inner>, options: PgConnectOptions, stop: CancellationToken) {
    let (store, channel) = (Arc::downgrade(store), store.channel.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = run(store, options, &channel) => {}
        }
    });
}

async fn run(store: Weak<Inner>, options: PgConnectOptions, channel: &str) {
    let mut pause = PAUSES.0;
    loop {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER).connect_lazy_with(options.clone());
        match listen(&store, &pool, channel, &mut pause).await {
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
async fn listen(
    store: &Weak<Inner>,
    pool: &sqlx::PgPool,
    channel: &str,
    pause: &mut Duration,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(channel).await?;
    *pause = PAUSES.0;
    // Whatever was told before is lost.
    let Some(known) = store.upgrade() else { return Ok(()) };
    known.listeners.each(|listener| listener.resync());
    drop(known);
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(told) => {
                let Some(told) = told? else { return Err(sqlx::Error::WorkerCrashed) };
                let Some(store) = store.upgrade() else { return Ok(()) };
                if let Some(news) = News::read(told.payload(), &store.origin) {
                    store.hear(&news);
                }
            }
            // A connection may be dead without a word.
            Err(_) => match timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut listener)).await {
                Ok(answer) => _ = answer?,
                Err(_) => return Err(sqlx::Error::PoolTimedOut),
            },
        }
    }
}

impl Inner {
    fn hear(self: &Arc<Self>, news: &News) {
        news.tell(&self.listeners);
        // Which type got a free place is not told. Whoever looked here in vain is not the only one who waits.
        if !news.ready && !news.changed.is_empty() && self.take_full() {
            self.tell(News { ready: true, ..News::default() });
        }
    }
}
