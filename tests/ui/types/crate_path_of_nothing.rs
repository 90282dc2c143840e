#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(crate = ::nothing)]
async fn resize(width: u32) {}

fn main() {}
