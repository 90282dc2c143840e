//! What a handler can ask for: `Progress`, `CancelToken`, `JobContext`, `State`, and types of the user's own.

mod call;
mod cancel;
mod context;
mod from_job;
mod progress;
mod state;

pub use call::{JobCall, read_arg};
pub use cancel::{CancelReason, CancelToken};
pub use context::{ContextParts, JobContext, JobSubmitter};
pub use from_job::{FromJob, JobScope, Needs};
pub use progress::{Progress, ProgressSink, ProgressUpdate, Reported, ToFraction};
pub(crate) use state::StateMap;
pub use state::{SharedState, State};
