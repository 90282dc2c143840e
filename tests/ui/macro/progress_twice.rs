#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(first: Progress, second: Progress) {}

fn main() {}
