//! Request bodies of bounded length.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;

/// How long the rest of a refused body is read. A client that is still writing when the connection
/// closes never sees the answer.
const DISCARD_WAIT: Duration = Duration::from_secs(2);

/// How long the next part of a body may take.
const PART_WAIT: Duration = Duration::from_secs(30);

/// Why there is no body.
pub(super) enum Fault {
    TooLong,
    Stalled,
    Broken(axum::Error),
}

/// The whole body, if it is no longer than `limit`. A client that `asks` first (`Expect`) is not
/// made to send what will be refused.
pub(super) async fn collect(mut body: Body, limit: usize, asks: bool) -> Result<Bytes, Fault> {
    if body.size_hint().lower() > limit as u64 {
        if !asks {
            discard(body).await;
        }
        return Err(Fault::TooLong);
    }
    let mut kept = Vec::new();
    while let Some(frame) = timeout(PART_WAIT, body.frame()).await.map_err(|_| Fault::Stalled)? {
        let Ok(data) = frame.map_err(Fault::Broken)?.into_data() else {
            continue;
        };
        if data.len() > limit - kept.len() {
            drop(kept);
            discard(body).await;
            return Err(Fault::TooLong);
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.into())
}

async fn discard(mut body: Body) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it came to its end makes no difference.
    let _ = timeout(DISCARD_WAIT, rest).await;
}
