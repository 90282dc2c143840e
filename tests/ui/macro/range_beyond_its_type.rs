#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(range(-5..=300))] width: u8) {}

fn main() {}
