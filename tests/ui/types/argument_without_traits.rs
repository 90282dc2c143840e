#![allow(unused)]

use mcpq::prelude::*;

struct Point;

/// Resizes an image.
#[mcp_job]
async fn resize(at: Point) {}

fn main() {}
