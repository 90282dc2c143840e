#![allow(unused)]

use mcpq::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Size(u32);

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(example = Size(4))] size: Size) {}

fn main() {}
