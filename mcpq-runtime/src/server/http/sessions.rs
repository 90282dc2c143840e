//! Whose session it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::job::Owner;

/// rmcp's session manager forgets a session after five minutes.
const IDLE: Duration = Duration::from_secs(600);
const MOST: usize = 10_000;

/// The sessions that were begun through a layer. Copies share them.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    most: usize,
    idle: Duration,
    known: Arc<Mutex<HashMap<Arc<str>, Session>>>,
}

#[derive(Debug)]
struct Session {
    owner: Owner,
    /// Requests and streams under way.
    uses: usize,
    last_use: Instant,
}

/// A request or stream of a session that is under way: it keeps the session from being idle.
#[derive(Debug)]
pub(super) struct SessionUse {
    sessions: Sessions,
    id: Arc<str>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { most: MOST, idle: IDLE, known: Arc::default() }
    }
}

impl Sessions {
    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    pub(super) fn set_idle(&mut self, idle: Duration) {
        self.idle = idle;
    }

    /// Uses a session, if there is one of this id and owner.
    pub(super) fn enter(&self, id: &str, owner: &Owner) -> Option<SessionUse> {
        let mut known = self.lock();
        let (id, _) = known.get_key_value(id)?;
        let id = id.clone();
        let session = known.get_mut(&id)?;
        if session.owner != *owner || self.is_idle(session) {
            return None;
        }
        session.uses += 1;
        drop(known);
        Some(SessionUse { sessions: self.clone(), id })
    }

    /// Remembers and uses a new session. Also returns the ids of those that had to go.
    pub(super) fn begin(&self, id: &str, owner: Owner) -> (SessionUse, Vec<Arc<str>>) {
        let id: Arc<str> = id.into();
        let mut known = self.lock();
        let gone = self.make_room(&mut known);
        known.insert(id.clone(), Session { owner, uses: 1, last_use: Instant::now() });
        drop(known);
        (SessionUse { sessions: self.clone(), id }, gone)
    }

    /// Forgets a session.
    pub(super) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn make_room(&self, known: &mut HashMap<Arc<str>, Session>) -> Vec<Arc<str>> {
        let idle = known.iter().filter(|(_, session)| self.is_idle(session));
        let mut gone: Vec<_> = idle.map(|(id, _)| id.clone()).collect();
        if known.len() - gone.len() >= self.most {
            let oldest = known.iter().min_by_key(|(_, session)| (session.uses > 0, session.last_use));
            gone.extend(oldest.map(|(id, _)| id.clone()));
        }
        for id in &gone {
            known.remove(id);
        }
        gone
    }

    fn is_idle(&self, session: &Session) -> bool {
        session.uses == 0 && session.last_use.elapsed() >= self.idle
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Session>> {
        // Nothing panics while it is held half-changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionUse {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for SessionUse {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.lock().get_mut(&self.id) {
            session.uses = session.uses.saturating_sub(1);
            session.last_use = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn begin(sessions: &Sessions, id: &str) -> Vec<Arc<str>> {
        sessions.begin(id, Owner::local()).1
    }

    fn lives(sessions: &Sessions, id: &str) -> bool {
        sessions.enter(id, &Owner::local()).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn every_use_puts_off_the_end_of_a_session() {
        let sessions = Sessions::default();
        begin(&sessions, "a");
        advance(9 * MINUTE).await;
        assert!(lives(&sessions, "a"));
        advance(9 * MINUTE).await;
        assert!(lives(&sessions, "a"));
        advance(10 * MINUTE).await;
        assert!(!lives(&sessions, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_in_use_is_not_idle() {
        let sessions = Sessions::default();
        let (session, _) = sessions.begin("a", Owner::local());
        advance(60 * MINUTE).await;
        assert!(lives(&sessions, "a"));
        assert!(begin(&sessions, "b").is_empty());
        drop(session);
        advance(9 * MINUTE).await;
        assert!(lives(&sessions, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_session_clears_away_the_idle_ones() {
        let sessions = Sessions::default();
        begin(&sessions, "a");
        begin(&sessions, "b");
        advance(10 * MINUTE).await;
        let mut gone = begin(&sessions, "c");
        gone.sort();
        assert_eq!(gone.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sessions.lock().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_spares_what_is_in_use() {
        let mut sessions = Sessions::default();
        sessions.set_most(2);
        let (_in_use, _) = sessions.begin("a", Owner::local());
        advance(MINUTE).await;
        begin(&sessions, "b");
        assert_eq!(begin(&sessions, "c").iter().map(|id| &**id).collect::<Vec<_>>(), ["b"]);
        assert!(lives(&sessions, "a") && lives(&sessions, "c"));
    }
}
