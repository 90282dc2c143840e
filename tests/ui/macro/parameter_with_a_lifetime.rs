#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(path: std::borrow::Cow<'a, str>) {}

fn main() {}
