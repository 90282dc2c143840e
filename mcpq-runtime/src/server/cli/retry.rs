//! `retry`: makes a job that has ended without a result pending again.

use super::{Failure, Outcome, Session};
use crate::{job::JobId, mcp::answer};

pub(super) async fn run(session: &Session, id: JobId) -> Result<Outcome, Failure> {
    let queue = session.shared("retry")?;
    let record = queue.replay(id).await?;
    let text = format!("job {id} is pending again; follow it with `{} watch {id}`", session.program);
    Ok(Outcome::new(answer::job(&queue, &record).await, text))
}
