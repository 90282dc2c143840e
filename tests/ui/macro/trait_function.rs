#![allow(unused)]

use mcpq::prelude::*;

trait Images {
    /// Resizes an image.
    #[mcp_job]
    async fn resize(width: u32);
}

fn main() {}
