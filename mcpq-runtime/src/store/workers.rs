//! Workers as others see them: that they live, and what they serve.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Selection;

/// A worker, for the life of one process start. Names are labels; this decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A new random id.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as a UUID.
    pub fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

/// A worker that lives, and what it serves. A store keeps it as long as its heartbeats come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveWorker {
    /// Which one.
    pub id: WorkerId,
    /// Where it runs, for people: a process.
    pub label: Arc<str>,
    /// The queues that it serves; all when empty.
    pub queues: Vec<Arc<str>>,
    /// The job types that it serves.
    pub types: Vec<Arc<str>>,
    /// Whether types that are not listed are served too.
    pub any_type: bool,
    /// How many jobs it runs at once.
    pub slots: usize,
}

impl LiveWorker {
    /// Most that a store tells of.
    pub const MOST: usize = 1_000;

    /// A worker of this process.
    pub fn here(id: WorkerId, selection: &Selection, slots: usize) -> Self {
        Self {
            id,
            label: format!("process {}", std::process::id()).into(),
            queues: selection.queues.clone(),
            types: selection.types.iter().map(|claim| claim.name.clone()).collect(),
            any_type: selection.any_type,
            slots,
        }
    }

    /// Whether it takes jobs of this queue, of some type.
    pub fn serves_queue(&self, queue: &str) -> bool {
        self.queues.is_empty() || self.queues.iter().any(|known| **known == *queue)
    }

    /// Whether it takes such jobs.
    pub fn serves(&self, queue: &str, job_type: &str) -> bool {
        self.serves_queue(queue) && (self.any_type || self.types.iter().any(|known| **known == *job_type))
    }
}
