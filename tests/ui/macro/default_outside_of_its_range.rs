#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(default = 0, range(1..=4096))] width: u32) {}

fn main() {}
