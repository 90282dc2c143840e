//! A file that cannot be reached for a while, answers that are lost or late, and wake-ups that never come: faults by
//! chance and by plan around the real store.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use mcpq::{EventKind, JobDefinition, JobHandle, Queue, QueueBuilder, Status, WorkerHandle, store::Store};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::machine::Machine;
use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, eventually, job, submit};

const CUT_OFF: [Op; 6] = [Op::Claim, Op::Renew, Op::Finish, Op::Release, Op::Progress, Op::Rescue];

/// The leases under which a job was started.
type Starts = Arc<Mutex<Vec<u64>>>;

/// Returns its lease once `go` allows it, and tells each start.
fn gated(go: &Arc<Notify>) -> (JobDefinition, Starts) {
    let starts = Starts::default();
    let (told, go) = (starts.clone(), go.clone());
    let definition = job("work", move |call| {
        let lease = call.context().lease();
        told.lock().unwrap().push(lease);
        let go = go.clone();
        async move {
            go.notified().await;
            Ok(json!(lease))
        }
    });
    (definition, starts)
}

async fn faulty(machine: &Machine) -> Faulty {
    Faulty::new(Arc::new(machine.store().await))
}

/// A queue on the file and its worker, which sweeps all the time.
async fn working(builder: QueueBuilder, store: Arc<dyn Store>, lease: Duration) -> (Queue, WorkerHandle, Recorder) {
    let (builder, events) = Recorder::on(builder.store_arc(store).lease(lease));
    let queue = builder.sweep_interval(Duration::from_millis(50)).build().await.unwrap();
    let worker = queue.worker().start().unwrap();
    (queue, worker, events)
}

async fn runs(queue: &Queue, events: &Recorder) -> JobHandle<Value> {
    let handle = submit(queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    handle
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_a_completion_whose_answer_was_lost_is_repeated_and_counts_once() {
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let go = Arc::new(Notify::new());
    let (work, starts) = gated(&go);
    let (queue, worker, events) = working(builder().job(work), Arc::new(store.clone()), Duration::from_secs(20)).await;
    let handle = runs(&queue, &events).await;
    store.fail(&[Op::Finish], Fault::After);
    go.notify_one();
    eventually("the completion is tried again", || async { (store.calls(Op::Finish) >= 3).then_some(()) }).await;
    store.heal();
    events.heard(handle.id(), EventKind::Completed, 1).await;
    worker.stop().await;
    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.lease, record.history.len()), (Status::Completed, 1, 1));
    assert_eq!(*starts.lock().unwrap(), [1]);
    assert_eq!(handle.result().await.unwrap(), json!(1));
    let ends = events.kinds(handle.id()).into_iter().filter(|kind| *kind == EventKind::Completed).count();
    assert_eq!(ends, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_a_completion_outlives_an_outage_that_is_shorter_than_the_lease() {
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let go = Arc::new(Notify::new());
    let (work, starts) = gated(&go);
    let (queue, worker, events) = working(builder().job(work), Arc::new(store.clone()), Duration::from_secs(20)).await;
    let handle = runs(&queue, &events).await;
    store.fail(&CUT_OFF, Fault::Before);
    go.notify_one();
    eventually("the completion is tried again", || async { (store.calls(Op::Finish) >= 4).then_some(()) }).await;
    assert_eq!(handle.status().await.unwrap().status, Status::Running);
    store.heal();
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 1, 0));
    assert_eq!(*starts.lock().unwrap(), [1]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_an_outage_that_is_longer_than_the_lease_stops_the_handler_and_refuses_a_late_end() {
    for ends_meanwhile in [false, true] {
        let machine = Machine::new();
        let store = faulty(&machine).await;
        let lease = Duration::from_millis(700);
        let (go, go_again) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let ((work, starts), (again, starts_again)) = (gated(&go), gated(&go_again));
        let (cut, worker, events) = working(builder().job(work).job(echo()), Arc::new(store.clone()), lease).await;
        let handle = runs(&cut, &events).await;
        store.fail(&CUT_OFF, Fault::Before);
        if ends_meanwhile {
            go.notify_one();
        }
        let (sound, other, sound_events) = working(builder().job(again), store.sound(), lease).await;
        sound_events.heard(handle.id(), EventKind::Started, 1).await;
        // This test and the job's definition have one each, the handler that runs a third.
        eventually("the first handler has ended", || async { (Arc::strong_count(&go) == 2).then_some(()) }).await;
        store.heal();
        assert_eq!(submit(&cut, "echo").await.wait().await.unwrap().status, Status::Completed, "it is of use again");
        worker.stop().await;
        assert_eq!(handle.status().await.unwrap().status, Status::Running, "the second one's");
        go_again.notify_one();
        assert_eq!(sound.job(handle.id()).result().await.unwrap(), json!(2));
        other.stop().await;
        let record = handle.status().await.unwrap();
        assert_eq!((record.lease, record.attempts, record.crashes), (2, 1, 1));
        assert_eq!((&*starts.lock().unwrap(), &*starts_again.lock().unwrap()), (&vec![1], &vec![2]));
        assert!(!events.kinds(handle.id()).contains(&EventKind::Completed));
        assert_eq!(handle.result().await.unwrap(), json!(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_claim_that_is_answered_after_its_lease_starts_nothing() {
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let lease = Duration::from_millis(600);
    let go = Arc::new(Notify::new());
    let ((work, starts), (again, starts_again)) = (gated(&go), gated(&go));
    store.fail(&[Op::Claim], Fault::Late(lease * 3));
    let (late, worker, _) = working(builder().job(work), Arc::new(store.clone()), lease).await;
    let before = store.calls(Op::Claim);
    let handle = submit(&late, "work").await;
    eventually("it is claimed", || async { (handle.status().await.unwrap().lease == 1).then_some(()) }).await;
    assert!(store.calls(Op::Claim) >= before);
    let (sound, other, sound_events) = working(builder().job(again), store.sound(), lease).await;
    sound_events.heard(handle.id(), EventKind::Started, 1).await;
    store.heal();
    // The late answer arrives while the second worker runs the job.
    tokio::time::sleep(lease * 3).await;
    go.notify_waiters();
    go.notify_one();
    assert_eq!(sound.job(handle.id()).wait().await.unwrap().status, Status::Completed);
    worker.stop().await;
    other.stop().await;
    let record = handle.status().await.unwrap();
    assert_eq!((starts.lock().unwrap().len(), starts_again.lock().unwrap().len()), (0, 1), "{record:?}");
    assert_eq!((record.lease, record.attempts), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f23_a_cancel_comes_with_the_renewal_where_no_wake_up_does() {
    let machine = Machine::new();
    let store = faulty(&machine).await.deaf();
    let (_, worker, events) = working(builder().job(obey()), Arc::new(store), Duration::from_millis(900)).await;
    let front = machine.queue().await;
    let id = machine.submit(&front, "obey", json!({})).await;
    events.heard(id, EventKind::Started, 1).await;
    let asked = Instant::now();
    front.cancel(id).await.unwrap();
    events.heard(id, EventKind::Cancelled, 1).await;
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let record = front.status(id).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Cancelled, 1));
    worker.stop().await;
}

fn obey() -> JobDefinition {
    job("obey", |call| async move {
        call.cancel_token().cancelled().await;
        Err(mcpq::JobError::cancelled())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f35_one_submit_costs_many_idle_workers_a_claim_or_two_each() {
    const WORKERS: usize = 60;
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let queue = builder().job(echo()).store(store.clone()).build().await.unwrap();
    let start = |_| queue.worker().own_thread(false).sweeps(false).start().unwrap();
    let workers: Vec<WorkerHandle> = (0..WORKERS).map(start).collect();
    eventually("all have looked", || async { (store.calls(Op::Claim) >= WORKERS).then_some(()) }).await;
    let (before, began) = (store.calls(Op::Claim), Instant::now());
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let claims = store.calls(Op::Claim) - before;
    // Beside those that the submit caused, each worker looks by itself every two seconds or so.
    let polls = WORKERS * (1 + began.elapsed().as_millis() as usize / 1500);
    assert!(claims <= 2 * WORKERS + polls, "{claims} claims");
    futures::future::join_all(workers.iter().map(WorkerHandle::stop)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f36_a_job_is_picked_up_by_the_poll_where_wake_ups_are_lost() {
    let machine = Machine::new();
    let store = faulty(&machine).await.deaf();
    let (queue, worker, events) = working(
        builder().job(job("mark", |_| async { Ok(json!(1)) })),
        Arc::new(store.clone()),
        Duration::from_secs(30),
    )
    .await;
    eventually("it has looked and found nothing", || async { (store.calls(Op::NextDue) >= 1).then_some(()) }).await;
    let front = machine.queue().await;
    for _ in 0..2 {
        let asked = Instant::now();
        let id = machine.submit(&front, "mark", json!({})).await;
        events.heard(id, EventKind::Completed, 1).await;
        assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
        assert_eq!(queue.operator().status(id).await.unwrap().status, Status::Completed);
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f47_a_flood_of_progress_is_a_few_writes_and_the_last_one_stays() {
    let flood = job("flood", |call| async move {
        for n in 1..=10_000u32 {
            call.progress().report(n, 10_000u32).message(format!("step {n}"));
            if n % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(json!(null))
    });
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let (queue, worker, _) = working(builder().job(flood), Arc::new(store.clone()), Duration::from_secs(30)).await;
    let began = Instant::now();
    let record = submit(&queue, "flood").await.wait().await.unwrap();
    let most = 2 + began.elapsed().as_millis() as usize / 100;
    assert!((1..=most).contains(&store.calls(Op::Progress)), "{} writes", store.calls(Op::Progress));
    assert_eq!((record.progress, record.progress_message.as_deref()), (1.0, Some("step 10000")));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_outlives_an_outage_of_the_store_but_not_its_limit() {
    let machine = Machine::new();
    let store = faulty(&machine).await;
    let go = Arc::new(Notify::new());
    let (work, _) = gated(&go);
    let (queue, worker, events) = working(builder().job(work), Arc::new(store.clone()), Duration::from_secs(20)).await;
    let handle = runs(&queue, &events).await;
    store.fail(&[Op::Get], Fault::Before);
    let error = handle.wait_for(Duration::from_millis(100)).await.unwrap_err();
    assert!(error.to_string().contains("Get is down"), "{error}");
    let before = store.calls(Op::Get);
    let waits = tokio::spawn({
        let handle = queue.job(handle.id());
        async move { handle.wait().await }
    });
    eventually("it looks again", || async { (store.calls(Op::Get) >= before + 3).then_some(()) }).await;
    go.notify_one();
    events.heard(handle.id(), EventKind::Completed, 1).await;
    store.heal();
    assert_eq!(waits.await.unwrap().unwrap().status, Status::Completed);
    worker.stop().await;
}
