#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[unsafe(no_mangle)]
fn resize() {}

fn main() {}
