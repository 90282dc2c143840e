#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(default = 1)] progress: Progress) {}

fn main() {}
