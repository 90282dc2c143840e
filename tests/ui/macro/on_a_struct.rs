#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
pub struct Resize;

fn main() {}
