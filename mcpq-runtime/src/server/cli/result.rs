//! `result`: what came of a job.

use super::{Failure, Outcome, Session, follow};
use crate::job::JobId;

pub(super) async fn run(session: &Session, id: JobId) -> Result<Outcome, Failure> {
    let queue = session.shared("result")?;
    follow::outcome(&queue, id).await
}
