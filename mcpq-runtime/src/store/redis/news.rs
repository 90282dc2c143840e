//! What is told of commits: scripts publish it as they run, and answer it, so that this process need not wait to hear it.

use crate::{job::JobId, store::Listeners};

use super::reply::read_id;

/// What the listeners hear.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    ready: bool,
    changed: Vec<JobId>,
    cancels: Vec<JobId>,
    /// Anything may have changed.
    all: bool,
}

impl News {
    /// Reads the words of a script: `r`, `c` and `x` with an id, and `*` for more than can be told.
    pub(super) fn read(words: &str) -> Self {
        let mut news = Self::default();
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            let id = || word.get(1..).and_then(|id| read_id(id).ok());
            match word.as_bytes().first() {
                Some(b'r') => news.ready = true,
                Some(b'c') => news.changed.extend(id()),
                Some(b'x') => news.cancels.extend(id()),
                // Also what a newer version says.
                _ => news.all = true,
            }
        }
        news
    }

    pub(super) fn tell(&self, listeners: &Listeners) {
        if *self == Self::default() {
            return;
        }
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
}
