#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(first: CancelToken, second: CancelToken) {}

fn main() {}
