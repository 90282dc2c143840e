#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(name: std::rc::Rc<String>) {}

fn main() {}
