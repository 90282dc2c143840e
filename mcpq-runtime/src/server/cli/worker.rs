//! `worker`: runs jobs and serves no client.

use super::{End, Outcome, Session};
use crate::server::StopSignal;

pub(super) async fn run(session: &Session, stop: &StopSignal) -> Result<Outcome, End> {
    let queue = session.queue();
    session.crew.start()?;
    stop.received().await;
    queue.close();
    session.crew.stop_within(queue.settings().grace()).await;
    Ok(Outcome::nothing())
}
