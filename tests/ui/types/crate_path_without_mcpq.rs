#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(crate = ::serde)]
async fn resize(width: u32) {}

fn main() {}
