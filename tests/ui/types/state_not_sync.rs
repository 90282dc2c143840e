#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(cache: State<std::cell::Cell<u32>>) {}

fn main() {}
