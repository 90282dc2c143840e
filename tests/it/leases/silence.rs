//! A store that never answers: a call that is given up keeps the worker from nothing.

use std::{sync::Arc, time::Duration};

use mcpq::{EventKind, Status};
use serde_json::json;

use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, eventually, job, started, submit};

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_is_given_up_and_made_again() {
    for (op, fault) in [
        (Op::Claim, Fault::Hang),
        (Op::NextDue, Fault::Hang),
        (Op::Finish, Fault::Hang),
        (Op::Finish, Fault::Lost),
        (Op::Renew, Fault::Hang),
        (Op::Heartbeat, Fault::Hang),
        (Op::Progress, Fault::Hang),
    ] {
        let store = Faulty::default();
        let slow = job("slow", |call| async move {
            for part in 0..18 {
                call.progress().report(part, 18);
                tokio::time::sleep(LEASE / 6).await;
            }
            Ok(json!(null))
        });
        let (builder, events) = Recorder::on(builder().job(echo()).job(slow).lease(LEASE).workers(2));
        let (queue, worker) = started(builder.store_arc(Arc::new(store.clone()))).await;
        store.fail_once(op, fault);
        let slow = submit(&queue, "slow").await;
        events.heard(slow.id(), EventKind::Started, 1).await;
        eventually("the fault is met", || async {
            submit(&queue, "echo").await;
            (store.calls(op) > 1).then_some(())
        })
        .await;
        let quick = submit(&queue, "echo").await.wait_for(LEASE * 2).await.unwrap();
        assert_eq!(quick.status, Status::Completed, "{op:?} {fault:?}");
        let record = slow.wait_for(LEASE * 6).await.unwrap();
        assert_eq!((record.status, record.lease), (Status::Completed, 1), "{op:?} {fault:?}");
        worker.stop().await;
    }
}
