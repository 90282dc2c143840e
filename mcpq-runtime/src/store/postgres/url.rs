//! URLs of databases: our own options are taken out, the rest is sqlx's.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::{PostgresOptions, error::unsuitable};
use crate::store::StoreError;

/// What sqlx understands behind the question mark, beside `options[..]`.
const KNOWN: [&str; 20] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "connect_timeout",
    "target_session_attrs",
];

/// Those of them that PostgreSQL's own programs take and sqlx does not: they do no harm when they are left out.
const LEFT_OUT: [&str; 2] = ["connect_timeout", "target_session_attrs"];

pub(super) fn read(url: &str) -> Result<PostgresOptions, StoreError> {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let Some((_, place)) = place.split_once("://").filter(|(scheme, _)| ["postgres", "postgresql"].contains(scheme))
    else {
        return Err(unsuitable("a PostgreSQL database is named `postgres://user:password@host/database`"));
    };
    let (mut schema, mut listens, mut connections) = (None, None, None);
    let mut rest = Vec::new();
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match (key, value) {
            ("schema", name) => schema = Some(name),
            ("listen", "on") => listens = Some(true),
            ("listen", "off") => listens = Some(false),
            ("listen", _) => return Err(unsuitable("`listen` of a PostgreSQL URL is `on` or `off`")),
            ("max_connections", number) => match number.parse() {
                Ok(number) if (1..=1000).contains(&number) => connections = Some(number),
                _ => return Err(unsuitable("`max_connections` of a PostgreSQL URL is a number from 1 to 1000")),
            },
            (key, _) if LEFT_OUT.contains(&key) => {}
            (key, _) if KNOWN.contains(&key) || key.starts_with("options[") => rest.push(option),
            (key, _) => {
                return Err(unsuitable(format!(
                    "a PostgreSQL URL has no option `{}`; the options are `schema=NAME`, `listen=on`, `listen=off`, \
                     `max_connections=N` and those of PostgreSQL itself, such as `sslmode`",
                    crate::suggest::quote(key)
                )));
            }
        }
    }
    let mut text = format!("postgres://{place}");
    if !rest.is_empty() {
        text.push('?');
        text.push_str(&rest.join("&"));
    }
    // What is wrong is not repeated: it may be the password.
    let connect = PgConnectOptions::from_str(&text).map_err(|_| {
        unsuitable("the PostgreSQL URL is not understood; special characters in its parts are written %XX")
    })?;
    let mut options = PostgresOptions::new(connect);
    if let Some(name) = schema {
        options = options.schema(name);
    }
    if let Some(listens) = listens {
        options = options.listen(listens);
    }
    if let Some(connections) = connections {
        options = options.max_connections(connections);
    }
    Ok(options)
}
