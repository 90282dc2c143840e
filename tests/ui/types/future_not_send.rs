#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<u32, JobError> {
    let local = std::rc::Rc::new(width);
    std::future::ready(()).await;
    Ok(*local)
}

fn main() {}
