//! The list of the queue's tools.

mod cancel;
mod list;
mod remove;
mod result;
mod retry;
mod stats;
mod status;
mod submit;
mod submit_schema;

use super::tool::QueueTool;
use crate::queue::{OptionalTool, Queue};

/// The tools of a queue: five, and those that its builder asked for.
pub(super) fn all(queue: &Queue) -> Vec<Box<dyn QueueTool>> {
    let mut tools: Vec<Box<dyn QueueTool>> = vec![
        Box::new(submit::Submit),
        Box::new(status::Status),
        Box::new(result::ResultOf),
        Box::new(cancel::Cancel),
        Box::new(list::List),
    ];
    for tool in &queue.settings().optional_tools {
        tools.push(match tool {
            OptionalTool::Retry => Box::new(retry::Retry),
            OptionalTool::Remove => Box::new(remove::Remove),
            OptionalTool::Stats => Box::new(stats::Stats),
        });
    }
    tools
}
