#![allow(unused)]

use mcpq::prelude::*;

#[mcp_job]
const WIDTH: u32 = 1;

fn main() {}
