#![allow(unused)]

use mcpq::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit(u32);

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(default)] unit: Unit) {}

fn main() {}
