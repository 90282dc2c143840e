#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async unsafe fn resize(width: u32) {}

fn main() {}
