#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(cache: State<std::rc::Rc<u32>>) {}

fn main() {}
