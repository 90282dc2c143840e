#![allow(unused)]

use std::borrow::Cow;

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(name: Cow<str>) {}

fn main() {}
