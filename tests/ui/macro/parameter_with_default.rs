#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[default(4)] width: u32) {}

fn main() {}
