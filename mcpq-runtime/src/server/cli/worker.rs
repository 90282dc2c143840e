//! `worker`: runs jobs and serves no client.

use super::{End, Outcome, Session};
use crate::server::StopSignal;

pub(super) async fn run(session: &Session) -> Result<Outcome, End> {
    let stop = StopSignal::listen()?;
    let queue = session.queue();
    session.crew.start()?;
    stop.received().await;
    queue.close();
    session.crew.stop_within(queue.settings().grace()).await;
    Ok(Outcome::nothing())
}
