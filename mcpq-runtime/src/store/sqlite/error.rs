//! What SQLite says, as the store says it.

use rusqlite::{Error, ErrorCode};

use crate::store::{StoreCause, StoreError};

/// What is said of a file that is locked.
const LOCKED: &str = "another program has held the file locked for too long";

/// What went wrong in a call.
pub(super) fn store_error(error: Error) -> StoreError {
    let message = error.to_string();
    let code = error.sqlite_error_code();
    let source: Option<StoreCause> = Some(Box::new(error));
    match code {
        Some(ErrorCode::DiskFull) => {
            StoreError::OutOfSpace { message: "the disk, or the file's own limit, is full".to_owned(), source }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unavailable { message: LOCKED.to_owned(), source }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Unsuitable {
            message: format!("the file is damaged ({message}); restore it from a copy"),
            source,
        },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => StoreError::Unsuitable {
            message: format!("the file cannot be written ({message}); check its folder and their permissions"),
            source,
        },
        _ => StoreError::Unavailable { message, source },
    }
}

/// The file is locked, for a call that waited together with others.
pub(super) fn locked() -> StoreError {
    StoreError::Unavailable { message: LOCKED.to_owned(), source: None }
}

/// More waits for the file than there is room for.
pub(super) fn crowded() -> StoreError {
    StoreError::Unavailable { message: "more calls wait for it than it can take".to_owned(), source: None }
}

/// A call panicked, which is a fault of this crate.
pub(super) fn panicked() -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure("the call panicked; this is a bug of mcpq".into())
}

/// The store's threads are gone.
pub(super) fn gone() -> StoreError {
    StoreError::Unavailable { message: "its thread has ended; restart the program".to_owned(), source: None }
}

/// Why a file cannot be used, however often that is tried.
pub(super) fn unsuitable(message: impl Into<String>) -> StoreError {
    StoreError::Unsuitable { message: message.into(), source: None }
}
