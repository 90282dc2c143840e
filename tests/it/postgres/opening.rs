//! Opening a database: made at once by many, refused with a reason.

use std::time::Duration;

use futures::future::join_all;
use mcpq::store::{
    Store, StoreError,
    postgres::{PostgresOptions, PostgresStore},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    servers::postgres::{Server, new_schema, shared, shared_url},
    support::{builder, echo, submit},
};

async fn refused(options: PostgresOptions) -> String {
    match options.open().await.unwrap_err() {
        error @ StoreError::Unsuitable { .. } => error.to_string(),
        other => panic!("{other:?} may be tried again"),
    }
}

async fn run(text: String) {
    let mut sql = PgConnection::connect(&shared_url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_start_at_once_on_an_empty_database_make_one_schema() {
    let schema = new_schema();
    let opened = join_all((0..40).map(|_| tokio::spawn(shared(&schema).max_connections(1).open()))).await;
    let stores: Vec<_> = opened.into_iter().map(|store| store.unwrap().unwrap()).collect();
    for (count, store) in (1..).zip(stores.into_iter().step_by(13)) {
        let queue = builder().job(echo()).submit_only().store(store).build().await.unwrap();
        submit(&queue, "echo").await;
        assert_eq!(queue.stats().await.unwrap().queued, count);
    }
}

#[tokio::test]
async fn f44_a_schema_of_a_newer_version_is_refused_and_left_alone() {
    let schema = new_schema();
    shared(&schema).open().await.unwrap();
    run(format!("UPDATE {schema}.meta SET value = 99 WHERE name = 'version'")).await;
    let error = refused(shared(&schema)).await;
    assert!(error.contains("newer mcpq") && error.contains("version 99") && error.contains("update"), "{error}");
}

#[tokio::test]
async fn tables_of_another_program_are_refused_and_left_alone() {
    for tables in ["CREATE TABLE {}.job (id int)", "CREATE TABLE {}.meta (id int)"] {
        let schema = new_schema();
        run(format!("CREATE SCHEMA {schema}; {}", tables.replace("{}", &schema))).await;
        let error = refused(shared(&schema)).await;
        assert!(error.contains("another program") && error.contains("name another schema"), "{error}");
    }
}

#[tokio::test]
async fn a_user_who_may_make_no_schema_is_told_what_to_grant() {
    let schema = new_schema();
    run(format!("CREATE ROLE {schema} LOGIN")).await;
    let url = shared_url().replace("postgres@", &format!("{schema}@"));
    let error = refused(PostgresStore::at(&url).unwrap().schema(&schema)).await;
    assert!(error.contains("GRANT CREATE ON DATABASE"), "{error}");
    run(format!("CREATE SCHEMA {schema} AUTHORIZATION {schema}")).await;
    PostgresStore::at(&url).unwrap().schema(&schema).open().await.unwrap();
}

#[tokio::test]
async fn a_missing_database_a_wrong_password_and_no_server_are_told_apart() {
    let server = Server::start(&["fsync=off"]);
    let mut sql = server.sql().await;
    sqlx::raw_sql("CREATE ROLE guarded LOGIN PASSWORD 'right'").execute(&mut sql).await.unwrap();

    let error = refused(PostgresStore::at(&server.url_of("postgres", "nowhere")).unwrap()).await;
    assert!(error.contains("\"nowhere\"") && error.contains("create the database"), "{error}");
    let error = refused(PostgresStore::at(&server.url_of("guarded:wrong", "postgres")).unwrap()).await;
    assert!(error.contains("check user and password") && !error.contains("wrong"), "{error}");
    let latin = "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    sqlx::raw_sql(latin).execute(&mut sql).await.unwrap();
    let error = refused(PostgresStore::at(&server.url_of("postgres", "latin")).unwrap()).await;
    assert!(error.contains("LATIN1") && error.contains("UTF8"), "{error}");

    let url = server.url();
    drop(server);
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?} cannot be tried again");
    assert!(error.to_string().contains("is the server running"), "{error}");
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_repeating_what_may_be_secret() {
    for (url, hint) in [
        ("postgres:secret", "`postgres://user:password@host/database`"),
        ("mysql://me:secret@host/db", "`postgres://user:password@host/database`"),
        ("postgres://me:secret@host/db?schemas=x", "no option `schemas`"),
        ("postgres://me:secret@host/db?listen=maybe", "`on` or `off`"),
        ("postgres://me:secret@host/db?max_connections=0", "from 1 to 1000"),
        ("postgres://me:se#cret@host:port/db", "%XX"),
    ] {
        let error = PostgresStore::at(url).unwrap_err().to_string();
        assert!(error.contains(hint) && !error.contains("cret"), "{url}: {error}");
    }
    let error = refused(shared("No Name")).await;
    assert!(error.contains("a-z, 0-9 and _"), "{error}");
}

#[tokio::test]
async fn options_of_the_url_are_heard() {
    let schema = new_schema();
    let url = format!("{}?schema={schema}&max_connections=1&listen=off&connect_timeout=5", shared_url());
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!((store.schema(), store.kind()), (&*schema, "postgres"));
    assert!(mcpq::store::open(&url).await.unwrap().is_shared());
}

#[tokio::test]
async fn what_an_existing_pool_leads_to_is_opened_and_the_pool_stays_free() {
    let schema = new_schema();
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&shared_url()).await.unwrap();
    let held = pool.acquire().await.unwrap();
    let store = PostgresStore::from_pool(&pool).schema(&schema).open().await.unwrap();
    let queue = builder().job(echo()).submit_only().store(store).build().await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), submit(&queue, "echo")).await.unwrap();
    drop(held);
}
