#![allow(unused)]

use mcpq::prelude::*;

struct CancellationToken;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32, cancel: CancellationToken) {}

fn main() {}
