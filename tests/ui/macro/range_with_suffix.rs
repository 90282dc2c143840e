#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(range(1..=12u32))] width: u32) {}

fn main() {}
