#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[tool]
async fn resize() {}

fn main() {}
