//! The reference: an in-memory queue with priorities and nothing else. What it was given it forgets.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::BoxFuture;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};

type Handler = Arc<dyn Fn(u64) -> BoxFuture<'static, u64> + Send + Sync>;

pub(crate) struct Plain {
    /// Priority, submission number, argument.
    jobs: Mutex<BinaryHeap<Reverse<(u8, usize, u64)>>>,
    submitted: AtomicUsize,
    ended: AtomicUsize,
    wake: Notify,
    handler: Handler,
}

impl Plain {
    pub(crate) fn new(handler: impl Fn(u64) -> BoxFuture<'static, u64> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            jobs: Mutex::default(),
            submitted: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            wake: Notify::new(),
            handler: Arc::new(handler),
        })
    }

    /// One whose jobs return their argument.
    pub(crate) fn echo() -> Arc<Self> {
        Self::new(|value| Box::pin(async move { value }))
    }

    pub(crate) fn submit(&self, argument: u64) {
        let number = self.submitted.fetch_add(1, Ordering::Relaxed);
        self.jobs.lock().unwrap().push(Reverse((2, number, argument)));
        self.wake.notify_one();
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }

    /// Runs so many jobs at once, each in a task of its own.
    pub(crate) fn work(self: &Arc<Self>, concurrency: usize) -> JoinHandle<()> {
        let queue = self.clone();
        tokio::spawn(async move {
            let slots = Arc::new(Semaphore::new(concurrency));
            loop {
                let slot = slots.clone().acquire_owned().await.unwrap();
                let argument = queue.next().await;
                let queue = queue.clone();
                tokio::spawn(async move {
                    std::hint::black_box((queue.handler)(argument).await);
                    queue.ended.fetch_add(1, Ordering::Relaxed);
                    drop(slot);
                });
            }
        })
    }

    async fn next(&self) -> u64 {
        loop {
            if let Some(Reverse((_, _, argument))) = self.jobs.lock().unwrap().pop() {
                return argument;
            }
            self.wake.notified().await;
        }
    }
}
