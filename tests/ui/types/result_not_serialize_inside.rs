#![allow(unused)]

use mcpq::prelude::*;

struct Image;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<Vec<Image>, JobError> {
    Ok(Vec::new())
}

fn main() {}
