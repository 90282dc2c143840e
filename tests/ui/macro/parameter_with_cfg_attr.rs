#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(#[cfg_attr(unix, arg(default = 4))] width: u32) {}

fn main() {}
