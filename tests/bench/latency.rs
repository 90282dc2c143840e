//! From before the submit to the handler's first line, with nothing else to do.

use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    jobs::{self, HEARD, hear, nanos, stamp},
    plain::Plain,
    table,
};

const SAMPLES: usize = 3_000;

/// Long enough for every thread to fall asleep.
const PAUSE: Duration = Duration::from_micros(500);

pub(crate) async fn run() {
    let (heard, mut hearing) = unbounded_channel();
    HEARD.set(heard).unwrap();
    let queue = jobs::queue().await;
    let worker = queue.worker().start().unwrap();
    let plain = Plain::new(|at| {
        Box::pin(async move {
            hear(at);
            at
        })
    });
    let plain_worker = plain.work(4);

    let (mut ours, mut reference) = (histogram(), histogram());
    for sample in 0..SAMPLES + 100 {
        queue.submit(stamp { at: nanos() }).await.unwrap();
        let mine = next(&mut hearing).await;
        plain.submit(nanos());
        let theirs = next(&mut hearing).await;
        // The first warm up.
        if sample >= 100 {
            ours.record(mine).unwrap();
            reference.record(theirs).unwrap();
        }
    }
    worker.stop().await;
    plain_worker.abort();

    table::part("submit to start, idle (us)", ["mcpq", "plain", "ratio"]);
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let at = |histogram: &Histogram<u64>| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        table::row(name, at(&ours), at(&reference));
    }
}

async fn next(hearing: &mut UnboundedReceiver<Duration>) -> u64 {
    let heard = hearing.recv().await.unwrap();
    tokio::time::sleep(PAUSE).await;
    heard.as_nanos() as u64
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}
