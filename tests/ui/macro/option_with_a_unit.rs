#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(timeout_ms = 5000, result_ttl_hours = 2)]
async fn resize() {}

fn main() {}
