#![allow(unused)]

use mcpq::prelude::*;

type Told = Progress;

/// Resizes an image.
#[mcp_job]
async fn resize(told: Told) {}

fn main() {}
