#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize((width, height): (u32, u32)) {}

fn main() {}
