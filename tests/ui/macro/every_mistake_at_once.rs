#![allow(unused)]

use mcpq::prelude::*;

#[mcp_job(timout = 120)]
async fn resize<T>(name: &str, (width, height): (u32, u32), #[arg(min = 1)] depth: u32) {}

fn main() {}
