//! `cancel`: asks for a job's end.

use super::{Failure, Outcome, Session, end::FAILED};
use crate::{
    job::{JobId, Status},
    mcp::answer,
};

pub(super) async fn run(session: &Session, id: JobId) -> Result<Outcome, Failure> {
    let queue = session.shared("cancel")?;
    let record = queue.cancel(id).await?;
    let json = answer::job(&queue, &record).await;
    Ok(match record.status {
        Status::Cancelled => Outcome::new(json, format!("job {id} is cancelled")),
        status if status.is_final() => Outcome::new(json, "").complain(FAILED, format!("job {id} is {status} already")),
        _ => {
            let text = format!("job {id} is asked to stop; follow it with `{} watch {id}`", session.program);
            Outcome::new(json, text)
        }
    })
}
