//! What is told of commits: to this process at once, to others by NOTIFY. A notification takes a lock of the whole
//! database while it commits, so it is never part of a transition: one statement tells of all that happened meanwhile.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use uuid::Uuid;

use super::{
    Inner,
    connections::{Repeat, query},
};
use crate::{job::JobId, store::Listeners};

/// Shortest time between two notifications of one process.
const PAUSE: Duration = Duration::from_millis(10);

/// Ids in one notification: the database takes 8,000 bytes.
const IDS: usize = 200;

/// Notifications in one statement; beyond it "anything may have changed" is told instead.
const MOST: usize = 16;

/// What the listeners hear once it is committed.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) ready: bool,
    pub(super) changed: Vec<JobId>,
    pub(super) cancels: Vec<JobId>,
    /// Anything may have changed.
    pub(super) all: bool,
}

impl News {
    pub(super) fn is_empty(&self) -> bool {
        !self.ready && !self.all && self.changed.is_empty() && self.cancels.is_empty()
    }

    pub(super) fn tell(&self, listeners: &Listeners) {
        listeners.each(|listener| {
            self.changed.iter().for_each(|id| listener.changed(*id));
            self.cancels.iter().for_each(|id| listener.cancel_requested(*id));
            if self.all {
                listener.resync();
            } else if self.ready {
                listener.ready();
            }
        });
    }

    /// As texts that name the process they come from.
    fn written(self, origin: &str) -> Vec<String> {
        let Self { ready, changed, cancels, all } = self;
        let changed: HashSet<JobId> = changed.into_iter().collect();
        if all || changed.len() + cancels.len() > IDS * MOST {
            return vec![format!("{origin} *")];
        }
        let ids = changed.iter().map(|id| ('c', id)).chain(cancels.iter().map(|id| ('x', id)));
        let mut words: Vec<String> = ids.map(|(kind, id)| format!("{kind}{}", id.as_uuid().as_simple())).collect();
        if ready {
            words.insert(0, "r".to_owned());
        }
        words.chunks(IDS).map(|words| format!("{origin} {}", words.join(" "))).collect()
    }

    /// What another process has written; nothing where that was this one.
    pub(super) fn read(text: &str, origin: &str) -> Option<Self> {
        let (from, words) = text.split_once(' ')?;
        if from == origin {
            return None;
        }
        let mut news = Self::default();
        for word in words.split(' ') {
            let id = || Uuid::try_parse(word.get(1..)?).ok().map(JobId::from);
            match word.as_bytes().first() {
                Some(b'r') => news.ready = true,
                Some(b'c') => news.changed.extend(id()),
                Some(b'x') => news.cancels.extend(id()),
                // Also what a newer version says.
                _ => news.all = true,
            }
        }
        Some(news)
    }
}

/// What is still to be told to other processes.
#[derive(Default)]
pub(super) struct Outbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    news: News,
    /// Whether somebody sends it already.
    sending: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds news; whether somebody must be found to send them.
    fn add(&self, news: News) -> bool {
        let mut waiting = self.lock();
        waiting.news.ready |= news.ready;
        waiting.news.all |= news.all;
        // What would not fit one statement is not kept either.
        if waiting.news.changed.len() < 4 * IDS * MOST {
            waiting.news.changed.extend(news.changed);
        } else {
            waiting.news.all = true;
        }
        waiting.news.cancels.extend(news.cancels);
        !std::mem::replace(&mut waiting.sending, true)
    }

    /// What is to be sent now; nothing, and nobody sends, when all is told.
    fn take(&self) -> Option<News> {
        let mut waiting = self.lock();
        if waiting.news.is_empty() {
            waiting.sending = false;
            return None;
        }
        Some(std::mem::take(&mut waiting.news))
    }
}

impl Inner {
    /// Tells this process at once and the others soon.
    pub(super) fn tell(self: &Arc<Self>, news: News) {
        if news.is_empty() {
            return;
        }
        news.tell(&self.listeners);
        if self.outbox.add(news) {
            tokio::spawn(send(Sender(Arc::downgrade(self))));
        }
    }
}

/// Whoever sends; another is found if this one is dropped with its runtime.
struct Sender(Weak<Inner>);

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(store) = self.0.upgrade() {
            store.outbox.lock().sending = false;
        }
    }
}

async fn send(sender: Sender) {
    while let Some(store) = sender.0.upgrade() {
        let Some(news) = store.outbox.take() else { return };
        let texts = news.written(&store.origin);
        let notify = || query(&store.sql.notify).bind(&store.channel).bind(&texts);
        if let Err(error) = store.reserved.rows(Repeat::Always, notify).await {
            tracing::debug!(%error, "other processes were not told of changes; they look by themselves");
        }
        drop(store);
        tokio::time::sleep(PAUSE).await;
    }
}
