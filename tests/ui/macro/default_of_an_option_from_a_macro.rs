#![allow(unused)]

use mcpq::prelude::*;

macro_rules! resize {
    ($default:expr) => {
        /// Resizes an image.
        #[mcp_job]
        async fn resize(#[arg(default = $default)] width: Option<i8>, #[arg(default = -$default)] height: Option<i8>) {}
    };
}

resize!(1);

fn main() {}
