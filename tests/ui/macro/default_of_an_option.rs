#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(default = "png")] format: Option<String>) {}

fn main() {}
