//! Keeps the events of a queue.

use std::sync::{Arc, Mutex};

use mcpq::{EventKind, JobEvent, JobId, QueueBuilder};
use tokio::sync::watch;

/// Keeps the events of a queue, in order. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    events: Arc<Mutex<Vec<JobEvent>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Recorder {
    /// A recorder that hears the events of what `builder` will build.
    pub(crate) fn on(builder: QueueBuilder) -> (QueueBuilder, Self) {
        let recorder = Self { events: Arc::default(), count: Arc::new(watch::channel(0).0) };
        let hears = recorder.clone();
        let builder = builder.on_event(move |event| {
            hears.events.lock().unwrap().push(event.clone());
            hears.count.send_modify(|count| *count += 1);
        });
        (builder, recorder)
    }

    /// What has happened to a job so far.
    pub(crate) fn kinds(&self, id: JobId) -> Vec<EventKind> {
        self.events.lock().unwrap().iter().filter(|event| event.job_id == id).map(|event| event.kind).collect()
    }

    /// All events so far.
    pub(crate) fn events(&self) -> Vec<JobEvent> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until this has happened to the job, `times` times.
    pub(crate) async fn heard(&self, id: JobId, kind: EventKind, times: usize) {
        let mut count = self.count.subscribe();
        let enough = |_: &usize| self.kinds(id).iter().filter(|known| **known == kind).count() >= times;
        count.wait_for(enough).await.unwrap();
    }
}
