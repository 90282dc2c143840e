#![allow(unused)]

use mcpq::prelude::*;

type Labels = std::collections::BTreeMap<String, String>;

/// Resizes an image.
#[mcp_job]
async fn resize(#[arg(rest)] first: Labels, #[arg(rest)] second: Labels) {}

fn main() {}
