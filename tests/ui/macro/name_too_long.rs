#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(name = "resize_resize_resize_resize_resize_resize_resize_resize_resize_resize_")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
