#![allow(unused)]

use mcpq::prelude::*;

struct Images;

impl Images {
    /// Resizes an image.
    #[mcp_job]
    async fn resize() {}
}

fn main() {}
