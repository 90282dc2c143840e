//! Submits a second, with nobody to run the jobs.

use std::time::Instant;

use super::{
    jobs::{self, echo},
    plain::Plain,
    table,
};

const JOBS: usize = 100_000;
const RUNS: usize = 5;

pub(crate) async fn run() {
    table::part("submits a second", ["mcpq", "plain", "ratio"]);
    for producers in [1, 4] {
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let queue = jobs::queue().await;
            let submit = move |value| {
                let queue = queue.clone();
                async move { drop(queue.submit(echo { value }).await.unwrap()) }
            };
            ours.push(by(producers, submit).await);
            let plain = Plain::echo();
            let submit = move |value| {
                let plain = plain.clone();
                async move { plain.submit(value) }
            };
            reference.push(by(producers, submit).await);
        }
        table::row(&format!("from {producers} tasks"), table::median(ours), table::median(reference));
    }
}

async fn by<F, Fut>(producers: usize, submit: F) -> f64
where
    F: Fn(u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let submit = submit.clone();
            tokio::spawn(async move {
                for value in 0..(JOBS / producers) as u64 {
                    submit(value).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    table::rate(JOBS, started.elapsed())
}
