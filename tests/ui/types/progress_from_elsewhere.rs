#![allow(unused)]

use mcpq::prelude::*;

mod other {
    pub struct Progress;
}

/// Resizes an image.
#[mcp_job]
async fn resize(progress: other::Progress) {}

fn main() {}
