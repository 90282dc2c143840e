//! Who calls a tool: whose jobs they see, and how they hear of progress.

use std::sync::Mutex;

use rmcp::{
    RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::{Peer, RequestContext},
};
use tokio_util::sync::CancellationToken;

use crate::job::{JobRecord, Owner};

/// The other side of a tool call.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) owner: Owner,
    /// Fires when the caller does not wait any more.
    pub(crate) gone: CancellationToken,
    progress: Option<(Peer<RoleServer>, ProgressToken)>,
    /// What was sent last: notifications must increase.
    sent: Mutex<f64>,
}

impl Caller {
    /// A caller inside this process.
    #[cfg_attr(not(feature = "test-client"), allow(dead_code))]
    pub(crate) fn local(owner: Owner) -> Self {
        Self { owner, gone: CancellationToken::new(), progress: None, sent: Mutex::new(-1.0) }
    }

    /// The caller of a request. Over HTTP the owner is what authentication put into the request's extensions.
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Self {
        let over_http =
            context.extensions.get::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Owner>());
        let owner = over_http.or_else(|| context.extensions.get::<Owner>()).cloned().unwrap_or_default();
        let progress = context.meta.get_progress_token().map(|token| (context.peer.clone(), token));
        Self { owner, gone: context.ct.clone(), progress, sent: Mutex::new(-1.0) }
    }

    /// Tells the caller how far the job is, where it asked for that.
    pub(crate) async fn tell(&self, record: &JobRecord) {
        let Some((peer, token)) = &self.progress else { return };
        {
            let mut sent = self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if record.progress <= *sent {
                return;
            }
            *sent = record.progress;
        }
        let mut param = ProgressNotificationParam::new(token.clone(), record.progress).with_total(1.0);
        if let Some(message) = &record.progress_message {
            param = param.with_message(message.to_string());
        }
        // A caller that is gone is noticed elsewhere.
        let _ = peer.notify_progress(param).await;
    }
}
