#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg("How wide it becomes.")] width: u32) {}

fn main() {}
