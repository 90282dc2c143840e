#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(required)] width: u32) {}

fn main() {}
