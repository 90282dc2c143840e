#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(image: &mut Vec<u8>) {}

fn main() {}
