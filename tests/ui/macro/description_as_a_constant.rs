#![allow(unused)]

use mcpq::prelude::*;

const ABOUT: &str = "Resizes an image.";

#[mcp_job(description = ABOUT)]
async fn resize(width: u32) {}

fn main() {}
