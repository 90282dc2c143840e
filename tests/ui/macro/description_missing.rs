#![allow(unused)]

use mcpq::prelude::*;

#[mcp_job]
async fn resize() {}

fn main() {}
