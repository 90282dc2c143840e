#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(cache: State<std::sync::Mutex<u32>>) -> Result<u32, JobError> {
    let mut width = cache.lock().map_err(|error| JobError::fatal("poisoned"))?;
    std::future::ready(()).await;
    *width += 1;
    Ok(*width)
}

fn main() {}
