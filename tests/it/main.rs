//! What users are promised, through public doors: one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bounds;
mod cancel;
mod cli;
mod echo;
mod http_layer;
mod isolation;
mod leases;
mod lifecycle;
mod limits;
mod mount;
mod msrv;
mod parity;
mod property;
mod stdio_lines;
mod store_contract;
mod support;
mod tools;
