#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(State(db): State<Vec<u8>>) {}

fn main() {}
