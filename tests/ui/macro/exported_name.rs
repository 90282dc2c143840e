#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[unsafe(export_name = "resize")]
fn resize(width: u32) {}

fn main() {}
