#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[cfg(unix)] width: u32) {}

fn main() {}
