#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize<const N: usize>(width: u32) {}

fn main() {}
