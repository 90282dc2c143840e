#![allow(unused)]

use mcpq::prelude::*;

const LIMIT: u32 = 12;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(range(1..=LIMIT))] width: u32) {}

fn main() {}
