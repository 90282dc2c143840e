//! One round: programs on one file under random signals, then a look at what is left.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use fastrand::Rng;
use mcpq::{JobId, Queue, QueueError, Status, store::StoreError};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{
    machine::{Machine, Program},
    promises::{self, Seen},
};

/// The programs that run jobs.
const CREW: [&[&str]; 3] = [&["worker", "--workers", "4"], &["worker", "--workers", "1"], &["serve", "--http", "0"]];

/// Why a round failed, and where its files are.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) what: anyhow::Error,
    pub(crate) files: std::path::PathBuf,
}

/// What was answered.
#[derive(Default)]
struct Answers {
    submitted: Mutex<Vec<JobId>>,
    cancelled: Mutex<Vec<JobId>>,
}

impl Answers {
    fn submitted(&self, id: JobId) {
        self.submitted.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    fn some_job(&self, dice: &mut Rng) -> Option<JobId> {
        dice.choice(&*self.submitted.lock().unwrap_or_else(PoisonError::into_inner)).copied()
    }
}

/// Lets it rage for so long, then checks the promises.
pub(crate) async fn run(seed: u64, length: Duration) -> Result<Seen, Violation> {
    run_on(Machine::new(), seed, length).await
}

/// The same on this machine.
pub(crate) async fn run_on(machine: Machine, seed: u64, length: Duration) -> Result<Seen, Violation> {
    match rage(&machine, seed, length).await {
        Ok(seen) => Ok(seen),
        Err(what) => Err(Violation { what, files: machine.keep() }),
    }
}

async fn rage(machine: &Machine, seed: u64, length: Duration) -> Result<Seen> {
    let queue = machine.queue().await;
    let until = Instant::now() + length;
    let answers = Answers::default();
    let dice = |place: u64| Rng::with_seed(seed ^ (place << 56));
    let mut crew = Crew::start(machine);
    tokio::join!(
        crew.suffer(machine, dice(1), until),
        submit_by_programs(machine, &answers, dice(2), until),
        submit_here(machine, &queue, &answers, dice(3), until),
        cancel(&queue, &answers, dice(4), until),
    );
    crew.leave(&mut dice(5)).await;

    let mut last = machine.worker();
    promises::drained(&queue).await;
    ensure!(last.stop().await == 0, "a worker that is told to stop ends well");
    let cancelled = answers.cancelled.into_inner().unwrap_or_else(PoisonError::into_inner);
    for id in cancelled {
        let record = queue.status(id).await?;
        ensure!(record.status == Status::Cancelled, "job {id} was said to be cancelled: {record:?}");
    }
    drop(queue);
    promises::check(machine, &answers.submitted.into_inner().unwrap_or_else(PoisonError::into_inner)).await
}

/// The programs that run jobs, each with the time at which it is thawed, where it is frozen.
struct Crew(Vec<(Program, Option<Instant>)>);

impl Crew {
    fn start(machine: &Machine) -> Self {
        Self(CREW.iter().map(|args| (machine.start(args), None)).collect())
    }

    async fn suffer(&mut self, machine: &Machine, mut dice: Rng, until: Instant) {
        while Instant::now() < until {
            sleep(Duration::from_millis(dice.u64(10..250))).await;
            let place = dice.usize(..self.0.len());
            let (program, thaw_at) = &mut self.0[place];
            if let Some(at) = *thaw_at {
                if at <= Instant::now() {
                    program.signal("CONT").await;
                    *thaw_at = None;
                }
                continue;
            }
            match dice.u8(..4) {
                0 | 1 => {
                    let fresh = machine.start(CREW[place]);
                    std::mem::replace(program, fresh).kill().await;
                }
                2 => {
                    program.signal("STOP").await;
                    *thaw_at = Some(Instant::now() + Duration::from_millis(dice.u64(50..2000)));
                }
                // It may drain while its successor works already.
                _ => {
                    program.signal("TERM").await;
                    let fresh = machine.start(CREW[place]);
                    let mut old = std::mem::replace(program, fresh);
                    if timeout(Duration::from_millis(dice.u64(..400)), old.end()).await.is_err() {
                        old.kill().await;
                    }
                }
            }
        }
    }

    async fn leave(self, dice: &mut Rng) {
        for (mut program, thaw_at) in self.0 {
            if thaw_at.is_some() && dice.bool() {
                program.signal("CONT").await;
            }
            if thaw_at.is_none() && dice.bool() {
                program.stop().await;
            } else {
                program.kill().await;
            }
        }
    }
}

/// Submits by programs, some of which are killed on their way.
async fn submit_by_programs(machine: &Machine, answers: &Answers, mut dice: Rng, until: Instant) {
    while Instant::now() < until {
        let args = serde_json::to_string(&machine.args(json!({ "ms": dice.u64(..30) }))).unwrap_or_default();
        let limit = Duration::from_millis(if dice.bool() { dice.u64(1..300) } else { 60_000 });
        let mut command = machine.command(&["submit", "mark", "--args", &args]);
        command.stdout(std::process::Stdio::piped());
        if let Ok(Ok(output)) = timeout(limit, command.output()).await
            && output.status.success()
            && let Ok(id) = String::from_utf8_lossy(&output.stdout).trim().parse()
        {
            answers.submitted(id);
        }
    }
}

/// Submits in this process, some at a time.
async fn submit_here(machine: &Machine, queue: &Queue, answers: &Answers, mut dice: Rng, until: Instant) {
    while Instant::now() < until {
        for _ in 0..dice.usize(1..12) {
            let (kind, arguments) = match dice.u8(..8) {
                0 => ("flaky", json!({ "fails": dice.u32(..3), "after_ms": dice.u64(..200) })),
                1 => ("panics", json!({})),
                2 => ("mark", json!({ "ms": dice.u64(100..900) })),
                _ => ("mark", json!({ "ms": dice.u64(..20) })),
            };
            // A frozen program may hold the file for longer than anybody waits; what was refused was not promised.
            match machine.try_submit(queue, kind, arguments).await {
                Ok(id) => answers.submitted(id),
                Err(QueueError::Store(StoreError::Unavailable { .. })) => {}
                Err(error) => panic!("a submit is refused: {error}"),
            }
        }
        sleep(Duration::from_millis(dice.u64(20..200))).await;
    }
}

/// Cancels what may be waiting, running or over.
async fn cancel(queue: &Queue, answers: &Answers, mut dice: Rng, until: Instant) {
    while Instant::now() < until {
        sleep(Duration::from_millis(dice.u64(20..300))).await;
        let Some(id) = answers.some_job(&mut dice) else { continue };
        if queue.cancel(id).await.is_ok_and(|record| record.status == Status::Cancelled) {
            answers.cancelled.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
    }
}
