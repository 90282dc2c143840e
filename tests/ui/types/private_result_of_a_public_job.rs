#![allow(unused)]

use mcpq::prelude::*;

#[derive(Serialize)]
struct Report;

/// Resizes an image.
#[mcp_job]
pub async fn resize() -> Result<Report, JobError> {
    Ok(Report)
}

fn main() {}
