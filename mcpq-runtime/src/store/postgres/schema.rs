//! Makes the tables, and brings those of an earlier version to this.

use sqlx::{AssertSqlSafe, Row};

use super::{
    connections::{Connections, answer},
    error::{Trouble, unsuitable},
};
use crate::store::StoreError;

/// Each brings a schema from the version of its place to the next. Steps are only ever added.
const MIGRATIONS: [&str; 1] = [concat!(
    include_str!("migrations/1_tables.sql"),
    include_str!("migrations/1_functions.sql"),
    include_str!("migrations/1_step.sql")
)];

/// Longest name of a schema: others are made from it.
const MAX_NAME: usize = 40;

/// A name that needs no quotes anywhere.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let fits = (1..=MAX_NAME).contains(&name.len()) && name.chars().all(plain);
    if fits && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.starts_with("pg_") {
        return Ok(());
    }
    Err(unsuitable(format!(
        "a schema is named by 1 to {MAX_NAME} of a-z, 0-9 and _, no digit first and not `pg_`; `{}` is no such name",
        crate::suggest::quote(name)
    )))
}

/// Checks the database, makes what is missing, and refuses what another made.
pub(super) async fn prepare(connections: &Connections, schema: &str, lock: i32) -> Result<(), Trouble> {
    let mut lent = connections.take().await?;
    // Together, whatever pooler is between.
    run(&mut lent, "BEGIN").await?;
    let facts = answer(
        sqlx::query(
            "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), \
             current_setting('transaction_isolation'), \
             to_regclass($1 || '.meta') IS NOT NULL, to_regclass($1 || '.job') IS NOT NULL",
        )
        .bind(schema)
        .persistent(false)
        .fetch_one(&mut *lent),
    )
    .await??;
    let (number, encoding, isolation): (i32, String, String) =
        (facts.try_get(0)?, facts.try_get(1)?, facts.try_get(2)?);
    if number < 130_000 {
        return Err(unsuitable(format!("the server is PostgreSQL {}; 13 or later is needed", number / 10_000)).into());
    }
    if encoding != "UTF8" {
        return Err(unsuitable(format!("the database's encoding is {encoding}; give mcpq one of UTF8")).into());
    }
    if isolation != "read committed" {
        return Err(unsuitable(format!(
            "`default_transaction_isolation` is `{isolation}`; set it to `read committed` for mcpq's user"
        ))
        .into());
    }
    let (has_meta, has_job): (bool, bool) = (facts.try_get(3)?, facts.try_get(4)?);
    let foreign = || unsuitable(format!("the schema `{schema}` holds tables of another program; name another schema"));
    if has_job && !has_meta {
        return Err(foreign().into());
    }
    if has_meta {
        let text = format!("SELECT value FROM {schema}.meta WHERE name = 'version'");
        let version = answer(sqlx::query(AssertSqlSafe(text)).persistent(false).fetch_optional(&mut *lent)).await?;
        let version = version.map_err(|_| foreign())?.ok_or_else(foreign)?.try_get::<i32, _>(0)?;
        if check_version(schema, version)? == MIGRATIONS.len() {
            run(&mut lent, "COMMIT").await?;
            return lent.settle(Ok(()));
        }
    }
    run(&mut lent, "COMMIT").await?;
    migrate(&mut lent, schema, lock).await?;
    lent.settle(Ok(()))
}

/// How many steps the schema has behind it.
fn check_version(schema: &str, version: i32) -> Result<usize, StoreError> {
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(unsuitable(format!(
            "the schema `{schema}` was written by a newer mcpq (it is version {version}, this program knows {}); update \
             this program, or name another schema",
            MIGRATIONS.len()
        ))),
    }
}

/// One process at a time, all or nothing.
async fn migrate(connection: &mut sqlx::PgConnection, schema: &str, lock: i32) -> Result<(), Trouble> {
    // That a table is there already is no news for anybody's log.
    run(
        connection,
        format!("BEGIN; SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock({lock}, -1);"),
    )
    .await?;
    let exists = answer(
        sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1")
            .bind(schema)
            .persistent(false)
            .fetch_optional(&mut *connection),
    )
    .await??;
    // Who may use a schema need not be one who may make it.
    if exists.is_none() {
        run(connection, format!("CREATE SCHEMA {schema}")).await?;
    }
    run(
        connection,
        format!("CREATE TABLE IF NOT EXISTS {schema}.meta (name text PRIMARY KEY, value integer NOT NULL)"),
    )
    .await?;
    let text = format!("SELECT value FROM {schema}.meta WHERE name = 'version'");
    let known = answer(sqlx::query(AssertSqlSafe(text)).persistent(false).fetch_optional(&mut *connection)).await??;
    let version = match known {
        Some(row) => check_version(schema, row.try_get(0)?)?,
        None => 0,
    };
    for step in MIGRATIONS.iter().skip(version) {
        run(connection, step.replace("{schema}", schema)).await?;
    }
    let version = MIGRATIONS.len();
    run(
        connection,
        format!(
            "INSERT INTO {schema}.meta VALUES ('version', {version}) ON CONFLICT (name) DO UPDATE \
             SET value = excluded.value; COMMIT"
        ),
    )
    .await
}

async fn run(connection: &mut sqlx::PgConnection, text: impl Into<String>) -> Result<(), Trouble> {
    answer(sqlx::raw_sql(AssertSqlSafe(text.into())).execute(connection)).await??;
    Ok(())
}
