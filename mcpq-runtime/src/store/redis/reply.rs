//! What scripts answer.

use std::sync::Arc;

use redis::Value;

use crate::{
    job::{JobId, Payload, Status},
    store::StoreError,
};

/// A part of an answer.
pub(super) struct Reply(pub(super) Value);

type Read<T> = Result<T, StoreError>;

impl Reply {
    /// The parts of a list.
    pub(super) fn list(self) -> Read<impl Iterator<Item = Reply>> {
        match self.0 {
            Value::Array(parts) => Ok(parts.into_iter().map(Reply)),
            _ => Err(unknown()),
        }
    }

    /// The parts of a list of this length.
    pub(super) fn parts<const N: usize>(self) -> Read<[Reply; N]> {
        let parts: Vec<Reply> = self.list()?.collect();
        parts.try_into().map_err(|_| unknown())
    }

    pub(super) fn bytes(self) -> Read<Vec<u8>> {
        match self.0 {
            Value::BulkString(bytes) => Ok(bytes),
            Value::Int(number) => Ok(number.to_string().into_bytes()),
            Value::SimpleString(text) => Ok(text.into_bytes()),
            Value::Okay => Ok(b"OK".to_vec()),
            _ => Err(unknown()),
        }
    }

    pub(super) fn text(self) -> Read<String> {
        String::from_utf8(self.bytes()?).map_err(|_| unknown())
    }

    pub(super) fn shared(self) -> Read<Arc<str>> {
        Ok(self.text()?.into())
    }

    pub(super) fn number<T: std::str::FromStr>(self) -> Read<T> {
        match self.0 {
            Value::Int(number) => number.to_string().parse().map_err(|_| unknown()),
            _ => self.text()?.parse().map_err(|_| unknown()),
        }
    }

    pub(super) fn flag(self) -> Read<bool> {
        Ok(self.number::<u8>()? != 0)
    }

    pub(super) fn payload(self) -> Read<Payload> {
        Ok(Payload::from_json_bytes(self.bytes()?))
    }

    /// Nothing where there is nothing.
    pub(super) fn some(self) -> Option<Reply> {
        match self.0 {
            Value::Nil | Value::Boolean(false) => None,
            Value::BulkString(bytes) if bytes.is_empty() => None,
            value => Some(Self(value)),
        }
    }

    pub(super) fn id(self) -> Read<JobId> {
        read_id(&self.text()?)
    }

    pub(super) fn status(self) -> Read<Status> {
        known(&self.text()?, &Status::ALL)
    }
}

pub(super) fn read_id(text: &str) -> Read<JobId> {
    uuid::Uuid::try_parse(text).map(JobId::from).map_err(|_| unknown())
}

/// One of a fixed list, by its place there.
pub(super) fn known<T: Copy>(place: &str, all: &[T]) -> Read<T> {
    place.parse::<usize>().ok().and_then(|place| all.get(place).copied()).ok_or_else(unknown)
}

/// A value that this version does not know: a newer one wrote it, or a person.
pub(super) fn unknown() -> StoreError {
    StoreError::Unsuitable {
        message: "a stored value is not known to this version of mcpq; something else has written to its keys"
            .to_owned(),
        source: None,
    }
}
