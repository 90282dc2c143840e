//! What the database says, as the store says it.

use sqlx::{Error, postgres::PgDatabaseError};

use crate::store::{StoreCause, StoreError};

/// Why a statement did not give its answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The database, or the way to it.
    Sql(Error),
    /// It was not even asked.
    Store(StoreError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Sql(error) => store_error(error),
            Trouble::Store(error) => error,
        }
    }
}

impl Trouble {
    fn code(&self) -> Option<String> {
        match self {
            Self::Sql(Error::Database(error)) => error.code().map(Into::into),
            _ => None,
        }
    }

    /// Others were in the way, and everything has been taken back: the same may succeed at once.
    pub(super) fn is_conflict(&self) -> bool {
        // A prepared statement whose tables have changed is made anew when it is sent again.
        self.code().is_some_and(|code| ["40001", "40P01", "0A000", "26000"].contains(&&*code))
    }

    /// The connection is gone; what was asked may or may not have happened.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Sql(error) => !keeps_connection(error),
            Self::Store(_) => false,
        }
    }

    pub(super) fn is_duplicate(&self) -> bool {
        self.code().is_some_and(|code| code == "23505")
    }
}

/// Whether a connection is of use after this error.
pub(super) fn keeps_connection(error: &Error) -> bool {
    match error {
        // Class 57P is a server that goes down, class 08 a connection that is none.
        Error::Database(error) => error.code().is_none_or(|code| !code.starts_with("57P") && !code.starts_with("08")),
        Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::RowNotFound
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. } => true,
        _ => false,
    }
}

/// What went wrong in a call.
pub(super) fn store_error(error: Error) -> StoreError {
    let message = match &error {
        Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => error.message().to_owned(),
            None => error.message().to_owned(),
        },
        Error::Io(error) => {
            format!("the connection to the database failed ({error}): is the server running where the URL says?")
        }
        Error::Tls(_) => {
            "the database's certificate could not be agreed on; see `sslmode` and `sslrootcert`".to_owned()
        }
        // These may repeat what the URL says, which may be a password.
        Error::Configuration(_) => "the connection's settings are not understood".to_owned(),
        other => other.to_string(),
    };
    let code = match &error {
        Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    let unsuitable =
        matches!(error, Error::Configuration(_) | Error::Tls(_) | Error::ColumnDecode { .. } | Error::Decode(_));
    let source: Option<StoreCause> = match error {
        Error::Configuration(_) => None,
        error => Some(Box::new(error)),
    };
    let Some(code) = code else {
        return if unsuitable {
            StoreError::Unsuitable { message, source }
        } else {
            StoreError::Unavailable { message, source }
        };
    };
    let hint = match &*code {
        "53100" | "53200" => return StoreError::OutOfSpace { message, source },
        "3D000" => "create the database, or name another in the URL",
        "28P01" | "28000" => "check user and password of the URL",
        "42501" => {
            "let the user own mcpq's schema, or create schemas in the database: `GRANT CREATE ON DATABASE .. TO ..`"
        }
        "42P01" | "42883" | "42703" | "3F000" | "42704" => {
            "mcpq's tables were changed or removed; restart the program to have them made, or restore them"
        }
        "25006" => "the database takes no writes: name the primary server, not a replica",
        "54000" => "a name is too long for the database: shorten the owner, type, queue or key",
        "22021" => "the database does not take the text",
        "53300" => {
            let hint = "raise `max_connections` of the server, or lower that of the programs that use it";
            return StoreError::Unavailable { message: format!("{message}; {hint}"), source };
        }
        _ => return StoreError::Unavailable { message, source },
    };
    StoreError::Unsuitable { message: format!("{message}; {hint}"), source }
}

/// The database cannot be reached, or does not answer.
pub(super) fn unavailable(message: impl Into<String>) -> StoreError {
    StoreError::Unavailable { message: message.into(), source: None }
}

/// Why a database cannot be used, however often that is tried.
pub(super) fn unsuitable(message: impl Into<String>) -> StoreError {
    StoreError::Unsuitable { message: message.into(), source: None }
}
