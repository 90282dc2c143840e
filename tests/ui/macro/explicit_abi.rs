#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
extern "C" fn resize(width: u32) {}

fn main() {}
