#![allow(unused)]

use mcpq::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Size(u32);

/// Resizes an image.
#[mcp_job]
async fn resize(size: Size) {}

fn main() {}
