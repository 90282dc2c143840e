#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(rest)] sizes: Vec<u32>) {}

fn main() {}
