#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize<T: Send>(width: u32) {}

fn main() {}
