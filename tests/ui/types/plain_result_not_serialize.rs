#![allow(unused)]

use mcpq::prelude::*;

struct Point;

/// Resizes an image.
#[mcp_job]
async fn resize() -> Point {
    Point
}

fn main() {}
