//! Wake-ups, and what becomes of jobs where none come.

use std::time::{Duration, Instant};

use mcpq::{Queue, store::postgres::PostgresStore};

use crate::{
    servers::{
        postgres::{new_schema, shared, shared_socket},
        proxy::{Chosen, Proxy},
    },
    support::{builder, echo, eventually, submit},
};

/// The longest pause between two looks, with its jitter, and room for a busy machine.
const POLL: Duration = Duration::from_millis(2_500 + 2_500);

/// What a wake-up takes at most, far below the pause between two looks.
const WOKEN: Duration = Duration::from_millis(700);

/// How long a job takes from its submit here to its end elsewhere: the shortest of some times, since a look may come
/// at any moment.
async fn longest(front: &Queue, times: usize) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        let began = Instant::now();
        submit(front, "echo").await.wait().await.unwrap();
        longest = longest.max(began.elapsed());
    }
    longest
}

async fn front(schema: &str) -> Queue {
    let store = shared(schema).open().await.unwrap();
    builder().job(echo()).submit_only().store(store).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f36_a_dead_way_of_wake_ups_is_noticed_and_jobs_are_found_meanwhile() {
    let schema = new_schema();
    let proxy = Proxy::to(shared_socket()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port);
    let store = PostgresStore::at(&url).unwrap().schema(&schema).open().await.unwrap();
    let queue = builder().job(echo()).store(store).build().await.unwrap();
    let _worker = queue.worker().start().unwrap();
    let front = front(&schema).await;
    eventually("it listens", || async { (proxy.listening() == 1).then_some(()) }).await;
    assert!(longest(&front, 5).await < WOKEN, "it is not woken");

    proxy.silence(Chosen::Listening);
    let taken = longest(&front, 1).await;
    assert!(taken < POLL, "it was not looked for in {taken:?}");

    eventually("it listens again", || async { (proxy.listening() == 2).then_some(()) }).await;
    eventually("it is woken again", || async { (longest(&front, 5).await < WOKEN).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_jobs_are_looked_for() {
    let schema = new_schema();
    let store = shared(&schema).listen(false).open().await.unwrap();
    let queue = builder().job(echo()).store(store).build().await.unwrap();
    let _worker = queue.worker().start().unwrap();
    let taken = longest(&front(&schema).await, 2).await;
    assert!(taken < POLL, "{taken:?}");
}

/// A lease of this length is kept though every connection has died without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_dead_without_a_word_do_not_cost_a_lease() {
    let schema = new_schema();
    let proxy = Proxy::to(shared_socket()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port);
    let store = PostgresStore::at(&url).unwrap().schema(&schema).open().await.unwrap();
    let go = std::sync::Arc::new(tokio::sync::Notify::new());
    let (work, starts) = super::gated(&go);
    let (queue, _worker, events) = super::working(builder().job(work), store, Duration::from_secs(20)).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), mcpq::EventKind::Started, 1).await;
    // The first renewal has a connection of its own by then.
    let other = shared(&schema).open().await.unwrap();
    let workers = || async { mcpq::store::Store::workers(&other).await.unwrap().len() };
    eventually("its heartbeat came", || async { (workers().await == 1).then_some(()) }).await;
    proxy.silence(Chosen::All);
    let other = builder().job(echo()).submit_only().store(other).build().await.unwrap();
    let look = other.job(handle.id());
    tokio::time::sleep(Duration::from_secs(23)).await;
    let record = look.status().await.unwrap();
    assert_eq!((record.lease, record.crashes), (1, 0), "its lease was lost");
    go.notify_one();
    assert_eq!(look.result().await.unwrap(), serde_json::json!(1));
    assert_eq!(*starts.lock().unwrap(), [1]);
}
