//! What users are promised, through public doors: one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod cli;
mod echo;
mod http_layer;
mod lifecycle;
mod msrv;
mod parity;
mod stdio_lines;
mod support;
