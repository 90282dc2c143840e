#![allow(unused)]

use mcpq::prelude::*;

type Outcome<T> = Result<T, String>;

/// Resizes an image.
#[mcp_job]
async fn resize() -> Outcome<u32> {
    Ok(1)
}

fn main() {}
