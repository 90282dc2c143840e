#![allow(unused)]

use mcpq::prelude::*;

trait Images: Send + Sync {}

/// Resizes an image.
#[mcp_job]
async fn resize(images: State<dyn Images>) {}

fn main() {}
