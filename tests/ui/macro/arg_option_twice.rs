#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(default = 1)] #[arg(default = 2)] width: u32) {}

fn main() {}
