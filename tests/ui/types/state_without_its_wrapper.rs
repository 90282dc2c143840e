#![allow(unused)]

use mcpq::prelude::*;

struct Store;

/// Resizes an image.
#[mcp_job]
async fn resize(store: Store) {}

fn main() {}
