#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize() -> ! {
    loop {}
}

fn main() {}
