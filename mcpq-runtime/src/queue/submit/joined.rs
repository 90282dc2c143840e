//! Submitting within a transaction of the caller's own.

use std::{any::Any, future::IntoFuture};

use futures::future::BoxFuture;
use sqlx::PgConnection;

use super::{Submit, SubmitOptions, Submitted};
use crate::{
    job::ArgMap,
    queue::{JobHandle, Queue, QueueError},
    registry::Job,
    store::{NewJob, StoreError, postgres::PostgresStore},
};

impl Queue {
    /// What a queue can do beyond the others when its jobs are in PostgreSQL.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` where they are not.
    pub fn postgres(&self) -> Result<PostgresQueue, QueueError> {
        let store: &dyn Any = &**self.store();
        match store.downcast_ref::<PostgresStore>() {
            Some(store) => Ok(PostgresQueue { queue: self.clone(), store: store.clone() }),
            None => Err(QueueError::Store(StoreError::Unsuitable {
                message: format!(
                    "it is `{}`, not PostgreSQL; build the queue with a `PostgresStore`",
                    self.store().kind()
                ),
                source: None,
            })),
        }
    }
}

/// A queue whose jobs are in PostgreSQL, from [`Queue::postgres`].
#[derive(Clone, Debug)]
pub struct PostgresQueue {
    queue: Queue,
    store: PostgresStore,
}

impl PostgresQueue {
    /// Submits a job within a transaction of your own: it is there if and when you commit, together with all that you
    /// have written, and never was if you do not. Options may follow before the `.await`, by [`SubmitIn::with`].
    ///
    /// The transaction must lead to the database that the queue's store is in. Its promise starts at the commit: until
    /// then the job is seen by nobody else, and it is not among the events of [`on_event`](crate::QueueBuilder::on_event).
    /// A submit of the same idempotency key elsewhere waits for the commit. The queue's bound counts what is committed, so
    /// transactions that are open at once may go beyond it by what they add. An error leaves the transaction as
    /// it was where it came from the queue, and failed where it came from the database.
    ///
    /// ```
    /// # use mcpq_runtime::{Job, Queue};
    /// # async fn order<J: Job<Output = u32>>(
    /// #     queue: Queue, pool: sqlx::PgPool, number: i64, send_receipt: J,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut tx = pool.begin().await?;
    /// sqlx::query("INSERT INTO orders (number) VALUES ($1)").bind(number).execute(&mut *tx).await?;
    /// let job = queue.postgres()?.submit_in(&mut tx, send_receipt).await?;
    /// tx.commit().await?;
    /// job.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit_in<'c, J: Job<Output = T>, T>(&self, transaction: &'c mut PgConnection, job: J) -> SubmitIn<'c, T> {
        SubmitIn { submit: self.queue.submit(job), store: self.store.clone(), transaction }
    }

    /// As [`submit_in`](Self::submit_in), by name.
    ///
    /// # Errors
    /// As [`Queue::submit_json`].
    pub async fn submit_json_in(
        &self,
        transaction: &mut PgConnection,
        job_type: &str,
        args: ArgMap,
        options: SubmitOptions,
    ) -> Result<Submitted, QueueError> {
        insert(&self.queue, &self.store, transaction, self.queue.prepare(job_type, args, options)?).await
    }
}

/// A submit within a transaction; `.await` sends it.
#[derive(Debug)]
#[must_use = "a submit does nothing until it is awaited"]
pub struct SubmitIn<'c, T> {
    submit: Submit<T>,
    store: PostgresStore,
    transaction: &'c mut PgConnection,
}

impl<T> SubmitIn<'_, T> {
    /// Sets options, those of any submit: `.with(|submit| submit.idempotency_key("order-7").priority(Priority::High))`.
    pub fn with(mut self, set: impl FnOnce(Submit<T>) -> Submit<T>) -> Self {
        self.submit = set(self.submit);
        self
    }
}

impl<'c, T: 'static> IntoFuture for SubmitIn<'c, T> {
    type Output = Result<JobHandle<T>, QueueError>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { submit, store, transaction } = self;
        Box::pin(async move {
            let Submit { queue, job_type, args, options, .. } = submit;
            let new = queue.prepare(job_type, args?, options)?;
            let submitted = insert(&queue, &store, transaction, new).await?;
            Ok(JobHandle::new(queue, submitted.id, submitted.existing.is_some()))
        })
    }
}

async fn insert(
    queue: &Queue,
    store: &PostgresStore,
    transaction: &mut PgConnection,
    new: NewJob,
) -> Result<Submitted, QueueError> {
    let (id, name, joined) = (new.id, new.job_type.clone(), new.queue.clone());
    let existing = queue.stored(store.insert_in(transaction, new, queue.bound()).await?)?;
    let (id, queue) = existing.as_ref().map_or((id, joined), |record| (record.id, record.queue.clone()));
    Ok(Submitted { id, job_type: name, queue, existing })
}
