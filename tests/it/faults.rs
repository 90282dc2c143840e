//! Faults
#![cfg(unix)]

#[path = "../bench/soak/machine.rs"]
mod machine;
#[path = "../bench/soak/promises.rs"]
mod promises;
#[path = "../bench/soak/round.rs"]
mod round;

mod crashes;
mod freezes;
mod soak;
