#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(cron = "0 * * * *")]
async fn resize() {}

fn main() {}
