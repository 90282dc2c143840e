#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(range(min = 1, max = 12))] width: u32) {}

fn main() {}
