//! What users are promised, through public doors: one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::type_complexity, reason = "a table of cases reads best in place")]

mod bounds;
mod cancel;
mod cli;
mod crowds;
mod echo;
mod faults;
mod http_layer;
mod isolation;
mod leases;
mod lifecycle;
mod limits;
mod mount;
mod msrv;
mod parity;
mod postgres;
mod property;
mod redis;
mod servers;
mod serving;
mod stdio_lines;
mod stores;
mod support;
mod together;
mod tools;
