#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[test]
fn resize() {}

fn main() {}
