#![allow(unused)]

use mcpq::prelude::*;

struct Tenant;

/// Resizes an image.
#[mcp_job]
async fn resize(#[inject] tenant: Tenant) {}

fn main() {}
