//! Which workers live.

use std::time::Duration;

use super::table::{Table, micros};
use crate::store::LiveWorker;

impl Table {
    pub(super) fn heartbeat(&mut self, worker: &LiveWorker, keep: Duration) {
        let now = self.now();
        self.workers.retain(|known, (until, _)| *known != worker.id && *until > now);
        if !keep.is_zero() {
            self.workers.insert(worker.id, (now.saturating_add(micros(keep)), worker.clone()));
        }
    }

    pub(super) fn workers(&self) -> Vec<LiveWorker> {
        let live = self.workers.values().filter(|(until, _)| *until > self.now());
        live.map(|(_, worker)| worker.clone()).take(LiveWorker::MOST).collect()
    }
}
