#![allow(unused)]

use mcpq::prelude::*;

struct Images;

#[mcp_job]
impl Images {
    async fn resize(width: u32) {}
}

fn main() {}
