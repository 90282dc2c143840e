#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(priority = Priority::High)]
async fn resize(width: u32) {}

fn main() {}
