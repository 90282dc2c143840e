//! Handlers that cannot be stopped: plain functions, and async ones that never yield.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mcpq::{EventKind, Queue, Status, WorkerHandle, prelude::*};
use serde_json::json;

use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, eventually, job, submit, submit_with, with};

const GRACE: Duration = Duration::from_millis(60);

/// Holds handlers until it is opened, and counts them.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
    inside: AtomicUsize,
    starts: AtomicUsize,
}

impl Gate {
    fn pass(&self) {
        assert_eq!(self.inside.fetch_add(1, Ordering::SeqCst), 0, "it runs twice at once");
        self.starts.fetch_add(1, Ordering::SeqCst);
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// Opens the gate when a test ends, also when it fails: the runtime waits for its blocking threads.
struct OpensAtLast(Arc<Gate>);

impl Drop for OpensAtLast {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Blocks its thread until the gate opens, whatever its token says.
#[mcp_job(timeout = 60)]
fn stubborn(gate: State<Gate>) -> u32 {
    gate.pass();
    7
}

/// The same, with little time and another attempt.
#[mcp_job(timeout = 0.06, max_retries = 1, retry_on_timeout = true, backoff_base = 0)]
fn stubborn_again(gate: State<Gate>) -> u32 {
    gate.pass();
    7
}

/// Async by name only: it never yields.
#[mcp_job(timeout = 0.06)]
async fn never_yields(gate: State<Gate>) -> u32 {
    gate.pass();
    7
}

/// The same, with all the time it may want.
#[mcp_job(timeout = 60)]
async fn never_yields_for_long(gate: State<Gate>) -> u32 {
    gate.pass();
    7
}

struct World {
    queue: Queue,
    store: Faulty,
    events: Recorder,
    gate: Arc<Gate>,
    worker: WorkerHandle,
    _last: OpensAtLast,
}

async fn world(slots: usize) -> World {
    let gate = Arc::new(Gate::default());
    let builder = builder().job(stubborn::JOB).job(stubborn_again::JOB).job(never_yields::JOB).job(echo());
    let builder = builder
        .job(never_yields_for_long::JOB)
        .state_arc(gate.clone())
        .workers(slots)
        .lease(Duration::from_millis(300));
    let (builder, events) = Recorder::on(builder.cancel_grace(GRACE).cancel_wait(Duration::from_millis(10)));
    let store = Faulty::default();
    let builder = builder.sweep_interval(Duration::from_millis(100)).store(store.clone());
    let queue = builder.build().await.unwrap();
    let worker = queue.worker().start().unwrap();
    World { queue, store, events, worker, _last: OpensAtLast(gate.clone()), gate }
}

impl World {
    async fn begun(&self, job_type: &str) -> mcpq::JobHandle<serde_json::Value> {
        let handle = submit(&self.queue, job_type).await;
        let starts = || async { (self.gate.starts.load(Ordering::SeqCst) > 0).then_some(()) };
        eventually("the handler starts", starts).await;
        handle
    }

    async fn leaked(&self, count: usize) {
        let is = || async { (self.queue.stats().await.unwrap().leaked == count).then_some(()) };
        eventually(&format!("{count} slots are leaked"), is).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_function_that_goes_on_is_recorded_and_its_slot_is_leaked_until_it_returns() {
    let world = world(1).await;
    let handle = world.begun("stubborn").await;
    let asked = Instant::now();
    let record = handle.cancel().await.unwrap();
    assert!(record.status == Status::Running && record.cancel_requested);
    assert_eq!(handle.wait().await.unwrap().status, Status::Cancelled);
    assert!(asked.elapsed() >= GRACE);
    world.leaked(1).await;
    let stats = world.queue.stats().await.unwrap();
    assert!(stats.unhealthy && stats.capacity == 1 && stats.running == 0, "{stats:?}");

    let waiting = submit(&world.queue, "echo").await;
    let later = waiting.wait_for(Duration::from_millis(100)).await.unwrap();
    assert_eq!(later.status, Status::Pending, "nothing is claimed without a slot");
    world.gate.open();
    assert_eq!(waiting.wait().await.unwrap().status, Status::Completed);
    world.leaked(0).await;
    let (record, result) = world.queue.result(handle.id()).await.unwrap();
    assert!(record.status == Status::Cancelled && result.is_none(), "its late result is nobody's");
    assert!(!world.queue.stats().await.unwrap().unhealthy);
    world.worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_whose_timeout_is_retried_stays_running_until_it_returns() {
    let world = world(2).await;
    let handle = world.begun("stubborn_again").await;
    world.leaked(1).await;
    // Several leases long, so that only renewals keep the job.
    let later = handle.wait_for(Duration::from_millis(900)).await.unwrap();
    assert_eq!((later.status, later.attempts, later.crashes), (Status::Running, 1, 0));
    world.gate.open();
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Completed, 2, 0));
    world.leaked(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_ends_a_function_whose_timeout_would_be_retried() {
    let world = world(2).await;
    let handle = world.begun("stubborn_again").await;
    world.leaked(1).await;
    handle.cancel().await.unwrap();
    let record = handle.wait_for(Duration::from_secs(10)).await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Cancelled, 1));
    assert_eq!(world.gate.starts.load(Ordering::SeqCst), 1);
    world.leaked(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_handler_that_never_yields_times_out_while_the_others_go_on() {
    let world = world(2).await;
    let handle = world.begun("never_yields").await;
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Timeout, 1, 0));
    world.leaked(1).await;
    let handle = submit(&world.queue, "echo").await;
    assert_eq!(handle.wait().await.unwrap().status, Status::Completed);
    world.gate.open();
    world.leaked(0).await;
    let record = world.queue.status(record.id).await.unwrap();
    assert_eq!(record.status, Status::Timeout);
}

#[tokio::test]
async fn handlers_that_block_their_runtime_do_not_delay_renewals() {
    let gate = Arc::new(Gate::default());
    let opens = gate.clone();
    let blocks = job("blocks", move |_| {
        let gate = gate.clone();
        async move {
            gate.pass();
            Ok(json!("done"))
        }
    });
    let builder = builder().job(blocks).lease(Duration::from_millis(200)).sweep_interval(Duration::from_millis(50));
    let (builder, events) = Recorder::on(builder);
    let queue = builder.build().await.unwrap();
    let _worker = queue.worker().start().unwrap();
    // The only thread of this runtime is blocked from the start on; another opens the gate after several leases.
    let opener = std::thread::spawn(move || {
        while opens.starts.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(900));
        opens.open();
    });
    let handle = submit(&queue, "blocks").await;
    let record = handle.wait().await.unwrap();
    opener.join().unwrap();
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Completed, 1, 0, 1));
    assert!(!events.kinds(handle.id()).contains(&EventKind::Rescued));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_takes_its_leaked_slots_out_of_the_count() {
    let world = world(1).await;
    let handle = world.begun("stubborn").await;
    handle.cancel().await.unwrap();
    world.leaked(1).await;
    world.worker.stop().await;
    world.leaked(0).await;
    let _next = world.queue.worker().start().unwrap();
    assert_eq!(submit(&world.queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    assert!(!world.queue.stats().await.unwrap().unhealthy);
    drop(world.events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_goes_on_after_its_lease_is_lost_is_counted_too() {
    for job_type in ["stubborn", "never_yields_for_long"] {
        let world = world(1).await;
        world.begun(job_type).await;
        world.store.fail(&[Op::Renew, Op::Finish, Op::Release, Op::Rescue], Fault::Before);
        world.leaked(1).await;
        world.store.heal();
        world.gate.open();
        world.leaked(0).await;
        world.worker.stop().await;
    }
}

#[test]
fn a_function_that_was_cancelled_before_it_got_a_thread_is_never_called() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = world(2).await;
        let first = world.begun("stubborn").await;
        let second = submit(&world.queue, "stubborn").await;
        world.events.heard(second.id(), EventKind::Started, 1).await;
        second.cancel().await.unwrap();
        assert_eq!(second.wait().await.unwrap().status, Status::Cancelled);
        assert_eq!(world.queue.stats().await.unwrap().leaked, 0, "it has not begun, so nothing is lost");
        world.gate.open();
        assert_eq!(first.wait().await.unwrap().status, Status::Completed);
        world.leaked(0).await;
        assert_eq!(world.gate.starts.load(Ordering::SeqCst), 1);
        world.worker.stop().await;
    });
}

#[test]
fn a_function_that_gets_no_thread_within_its_timeout_goes_back_unstarted() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = world(2).await;
        let first = world.begun("stubborn").await;
        let short = with(|options| options.timeout = Some(Duration::from_millis(60)));
        let second = submit_with(&world.queue, "stubborn", json!({}), short).await;
        world.events.heard(second.id(), EventKind::Released, 1).await;
        assert_eq!(world.queue.stats().await.unwrap().leaked, 0);
        world.gate.open();
        assert_eq!(first.wait().await.unwrap().status, Status::Completed);
        let record = second.wait().await.unwrap();
        assert_eq!((record.status, record.attempts), (Status::Completed, 1), "{record:?}");
        assert_eq!(world.gate.starts.load(Ordering::SeqCst), 2);
        world.worker.stop().await;
    });
}
