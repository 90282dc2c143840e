#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(pattern = "^a")] crop: bool) {}

fn main() {}
