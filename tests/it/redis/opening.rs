//! Opening a server: refused with a reason.

use mcpq::store::{
    StoreError,
    redis::{RedisOptions, RedisStore},
};

use crate::{
    servers::redis::{Server, new_name, shared, shared_call, shared_socket},
    support::{builder, echo, submit},
};

async fn refused(options: RedisOptions) -> String {
    match options.open().await.unwrap_err() {
        error @ StoreError::Unsuitable { .. } => error.to_string(),
        other => panic!("{other:?} may be tried again"),
    }
}

#[tokio::test]
async fn a_server_that_may_forget_jobs_is_refused_unless_that_is_allowed() {
    let server = Server::start(&["--save", "", "--maxmemory-policy", "allkeys-lru"]);
    let error = refused(RedisStore::at(&server.url()).unwrap()).await;
    assert!(error.contains("`maxmemory-policy noeviction`") && error.contains("eviction=allow"), "{error}");
    let error = refused(RedisStore::at(&format!("{}?eviction=refuse", server.url())).unwrap()).await;
    assert!(error.contains("allkeys-lru"), "{error}");
    RedisStore::connect(&format!("{}?eviction=allow", server.url())).await.unwrap();
    RedisStore::at(&server.url()).unwrap().allow_eviction(true).open().await.unwrap();
}

#[tokio::test]
async fn f44_jobs_of_a_newer_version_are_refused_and_left_alone() {
    let name = new_name();
    shared(&name).open().await.unwrap();
    let meta = format!("{{{name}}}:m");
    shared_call(&["HSET", &meta, "layout", "99"]);
    let error = refused(shared(&name)).await;
    assert!(error.contains("newer mcpq") && error.contains("layout 99") && error.contains("update"), "{error}");
    assert_eq!(shared_call(&["HGET", &meta, "layout"]), "99");
    let other = new_name();
    shared_call(&["SET", &format!("{{{other}}}:m"), "mine"]);
    let error = refused(shared(&other)).await;
    assert!(error.contains("choose another `name`"), "{error}");
}

#[tokio::test]
async fn stores_of_different_names_do_not_see_each_other() {
    let (one, other) = (shared(&new_name()).open().await.unwrap(), shared(&new_name()).open().await.unwrap());
    let one = builder().job(echo()).submit_only().store(one).build().await.unwrap();
    let other = builder().job(echo()).submit_only().store(other).build().await.unwrap();
    let handle = submit(&one, "echo").await;
    assert_eq!(other.status(handle.id()).await.unwrap_err().code(), "JOB_NOT_FOUND");
    assert_eq!((one.stats().await.unwrap().queued, other.stats().await.unwrap().queued), (1, 0));
}

#[tokio::test]
async fn a_wrong_password_and_no_server_are_told_apart() {
    let server = Server::start(&["--save", ""]);
    server.call(&["ACL", "SETUSER", "me", "on", ">right", "~*", "&*", "+@all"]).unwrap();
    let url = |password: &str| format!("{}?user=me&pass={password}", server.url());
    let error = refused(RedisStore::at(&url("wrong")).unwrap()).await;
    assert!(error.contains("check user") && !error.contains("wrong"), "{error}");
    RedisStore::connect(&url("right")).await.unwrap();
    let gone = server.url();
    drop(server);
    let error = RedisStore::connect(&gone).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?} cannot be tried again");
    assert!(error.to_string().contains("is the server running"), "{error}");
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_repeating_what_may_be_secret() {
    for (url, hint) in [
        ("redis:secret", "`redis://user:password@host:6379/0`"),
        ("mysql://me:secret@host/db", "`redis://user:password@host:6379/0`"),
        ("redis://me:secret@host/0?names=x", "no option `names`"),
        ("redis://me:secret@host/0?eviction=maybe", "`eviction=refuse`"),
        ("redis://me:secret@host/secret", "`redis://user:password@host:6379/0`"),
    ] {
        let error = RedisStore::at(url).unwrap_err().to_string();
        assert!(error.contains(hint) && !error.contains("cret@") && !error.contains("secret"), "{url}: {error}");
    }
    for name in ["", "no}name", "no name"] {
        let error = refused(shared(name)).await;
        assert!(error.contains("letters, digits"), "{error}");
    }
}

#[tokio::test]
async fn options_of_the_url_are_heard() {
    let name = new_name();
    let url = format!("redis+unix://{}?name={name}", shared_socket().display());
    let store = mcpq::store::open(&url).await.unwrap();
    assert_eq!((store.kind(), store.is_shared()), ("redis", true));
    assert_eq!(shared_call(&["HGET", &format!("{{{name}}}:m"), "layout"]), "1");
}
