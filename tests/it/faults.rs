//! The faults that a single machine can have, each as a test that begins with its number, on one SQLite file that real
//! processes share. `kill -9`, SIGSTOP, SIGCONT and SIGTERM are real; what must hold afterwards is in [`promises`].
//!
//! | fault | tests |
//! | --- | --- |
//! | F01 a worker is killed | `crashes::f01_`, [`soak`] |
//! | F02 and restarted under its name | `crashes::f02_` |
//! | F03 killed while it commits a claim | `crashes::f03_`, `stores::sqlite_shared::f03_`, [`soak`] |
//! | F04 killed before the handler starts | `crashes::f03_`, `stores::sqlite_shared::f04_`, [`soak`] |
//! | F05 killed before the end is committed | `crashes::f05_`, `crashes::f03_`, `stores::sqlite_shared::f05_` |
//! | F06 the answer to an end is lost | `outages::f06_`, `stores::sqlite_shared::f06_` |
//! | F07, F08 the store is gone for less, for more than a lease | `outages::f07_`, `outages::f08_`, `leases::outage`, and a silent one `leases::silence` |
//! | F10 frozen past the lease | `freezes::f10_`, `stores::sqlite_shared::f10_`, [`soak`] |
//! | F11 thawed with claimed jobs in hand | `outages::f11_`, `freezes::f10_f11_` |
//! | F12 two workers claim at once | `submits::f12_`, `stores::sqlite_shared::f12_` |
//! | F14 the time of day jumps | `clocks::f14_` |
//! | F15 to F18 submits race, repeat and die | `submits::f15_` to `f18_`, `stores::sqlite_shared::f15_` to `f18_` |
//! | F19 to F22 cancels and retries race | `cancels::f19_` to `f22_`, `stores::sqlite_shared::f19_` to `f21_` |
//! | F23 a cancel from another process | `cancels::f23_`, and with no wake-ups `outages::f23_` |
//! | F24, F25 handlers that block | `handlers::f24_`, `handlers::f25_`, `cancel::blocking` |
//! | F26 a panic | `handlers::f26_f28_`, `lifecycle::panics` |
//! | F27 a panic in a drop, in the result, in a hook | `lifecycle::panics`, whatever the store |
//! | F28 a result that is too large or no JSON | `handlers::f26_f28_`, `lifecycle::results` |
//! | F29 huge arguments | `submits::f29_`, `limits` |
//! | F30 a program without the handler | `deploys::f30_` |
//! | F31 arguments of an older schema | `deploys::f31_` |
//! | F32 a job that kills its process | `crashes::f32_` |
//! | F33 the disk is full, the file is locked | `space::f33_` |
//! | F34 the queue is full | `submits::f34_`, `stores::sqlite_shared::f34_`, `limits` |
//! | F35 many idle workers | `outages::f35_` |
//! | F36 wake-ups are lost | `outages::f36_` |
//! | F37 to F39 SIGTERM, in backoff, and again | `stops::f37_` to `f39_`, `leases::shutdown` |
//! | F40 reads while jobs are forgotten | `stores::sqlite_shared::f40_` |
//! | F41 sweeps meet many rows, and bad ones | `rows::f41_`, `stores::sqlite_shared::f41_` |
//! | F42 two sweepers | `stores::sqlite_shared::f42_`, and every test here with two workers |
//! | F44 an older program | `deploys::f44_` |
//! | F45 a read that is kept open | `space::f45_` |
//! | F47 a flood of progress | `outages::f47_`, `lifecycle::progress` |
//! | F48 listings of many jobs | `stores::sqlite_shared::f48_`; the benchmark `sqlite -- growth` |
//! | F49 probes, and files that are none of ours | `clients::f49_`; network disks in the store's own tests |
//! | F50 a client leaves | `clients::f50_` |
//!
//! F09, F13, F43 and F46 need a database server or a second machine: see [`postgres`](crate::postgres). A loss of power
//! cannot be had here either: what a test can show is that the file is whole and complete after every process has been killed.
#![cfg(unix)]

#[path = "../bench/soak/machine.rs"]
pub(crate) mod machine;
#[path = "../bench/soak/promises.rs"]
mod promises;
#[path = "../bench/soak/round.rs"]
pub(crate) mod round;

mod cancels;
mod clients;
mod clocks;
mod crashes;
mod deploys;
mod freezes;
mod handlers;
mod outages;
mod rows;
mod soak;
mod space;
mod stops;
mod submits;
