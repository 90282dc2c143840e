//! The identity of a job.

use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a job: a UUIDv7, so that ids sort by time and 74 random bits make them unguessable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// A new id, made from the current time and the thread's cryptographic random generator.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        // Not `Uuid::now_v7`, whose counter makes the ids of one millisecond easy to guess from each other.
        Self(uuid::Builder::from_unix_timestamp_millis(millis as u64, &rand::random()).into_uuid())
    }

    /// The id as a UUID, as a store keeps it.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl From<Uuid> for JobId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    /// Reads the hyphenated form alone: the one that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id: uuid::fmt::Hyphenated = text.parse()?;
        Ok(Self(id.into_uuid()))
    }
}
