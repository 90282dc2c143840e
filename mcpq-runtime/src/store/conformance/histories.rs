//! Random histories of a store, compared with a model that looks at every job each time.
//!
//! `MCPQ_CASES` sets how many histories there are, `MCPQ_SEED` the seed of the first; a failure prints what to set
//! there to see it again, and the steps that led to it.

mod job;
mod model;
mod step;
mod world;

use super::calls::*;
use model::Model;
use step::{Dice, Step};
use world::World;

/// Most jobs that may wait: few enough to be reached.
const BOUND: Bound = Bound { max_pending: 10 };

const MAX_CRASHES: u32 = 2;

/// Most jobs of the limited type that may run.
const MOST_RUNNING: usize = 1;

/// Most jobs of the rated type that may start in a history.
const MOST_STARTS: usize = 3;

const TYPES: [&str; 5] = ["plain", "unique", "kept", "limited", "rated"];

const QUEUES: [&str; 2] = ["default", "side"];

const OWNERS: [&str; 2] = ["ada", "bob"];

const KEYS: [&str; 3] = ["x", "y", "z"];

pub async fn random_histories_are_those_of_the_model(store: Arc<dyn Store>) {
    let cases = setting("MCPQ_CASES").unwrap_or(24);
    let first = setting("MCPQ_SEED").unwrap_or_else(|| fastrand::u64(..));
    for case in 0..cases {
        let seed = first.wrapping_add(case);
        let mut dice = Dice(fastrand::Rng::with_seed(seed));
        // Most are short: what those find is easier to understand.
        let longest = dice.0.usize(4..=110);
        let length = dice.0.usize(1..=longest);
        let mut story = Story { seed, steps: dice.history(length), taken: 0 };
        let mut world = World::new(store.clone(), seed);
        for index in 0..story.steps.len() {
            story.taken = index + 1;
            world.take(story.steps[index].clone()).await;
            world.glance().await;
            if index % 8 == 7 {
                world.look().await;
            }
        }
        world.look().await;
        world.leave().await;
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Tells what happened, where it went wrong.
struct Story {
    seed: u64,
    steps: Vec<Step>,
    taken: usize,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("see it again with MCPQ_SEED={} MCPQ_CASES=1; the last of these steps went wrong:", self.seed);
            for (index, step) in self.steps[..self.taken].iter().enumerate() {
                eprintln!("{index:4} {step:?}");
            }
        }
    }
}
