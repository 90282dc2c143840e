#![allow(unused)]

use mcpq::prelude::*;

trait Resize {
    fn resize(width: u32);
}

struct Images;

impl Resize for Images {
    /// Resizes an image.
    #[mcp_job]
    fn resize(width: u32) {}
}

fn main() {}
