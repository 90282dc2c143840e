#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[mcp_job]
async fn resize() {}

fn main() {}
