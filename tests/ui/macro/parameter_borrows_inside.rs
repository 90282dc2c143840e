#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(parts: Vec<&[u8]>) {}

fn main() {}
