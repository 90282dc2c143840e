#![allow(unused)]

use std::borrow::Cow;

use mcpq::prelude::*;

/// Names an image.
#[mcp_job]
async fn name(number: u32) -> Cow<str> {
    Cow::Owned(number.to_string())
}

fn main() {}
