//! Programs on one SQLite file under random kills, freezes and stops, for as long as you like.
//!
//! `cargo bench -p mcpq-tests --bench soak -- --minutes 60 --seed 7` runs rounds of ten seconds, with the seeds 7, 8, 9, ..;
//! the first round that breaks a promise ends it with exit code 1, its seed, and the folder of its files.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the lines are what it is for")]
#![allow(dead_code, reason = "tests use more of the machine")]

#[path = "soak/machine.rs"]
mod machine;
#[path = "soak/promises.rs"]
mod promises;
#[path = "soak/round.rs"]
mod round;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

const LENGTH: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| -> Option<u64> {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse().ok()
    };
    let length = Duration::from_secs(60 * number("--minutes").unwrap_or(1));
    let first = number("--seed").unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let began = Instant::now();
    for seed in first.. {
        match runtime.block_on(round::run(seed, LENGTH)) {
            Ok(seen) => println!("{:>6} s  seed {seed}: {seen:?}", began.elapsed().as_secs()),
            Err(round::Violation { what, files }) => {
                println!("seed {seed} breaks a promise: {what:#}\nits files are in {}", files.display());
                return ExitCode::FAILURE;
            }
        }
        if began.elapsed() >= length {
            break;
        }
    }
    ExitCode::SUCCESS
}
