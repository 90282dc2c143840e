//! New jobs within a transaction of somebody else's.

use sqlx::PgConnection;

use super::{
    Inner, PostgresStore,
    connections::query,
    error::{Trouble, store_error},
    id::Id,
    insert::{Reply, Stands, read},
    listing::record,
};
use crate::{
    job::JobId,
    store::{Bound, InsertReply, Inserted, NewJob, StoreError},
};

/// The shard of the counts: one of the session's own, so that nobody waits for a commit that is not mcpq's.
const OWN_SHARD: i16 = -2;

/// What listeners are told by the commit, as from a process that is none of theirs.
const NEWS: &str = "commit r";

impl PostgresStore {
    /// Adds a job within this transaction, seen by nobody before it is committed.
    pub(crate) async fn insert_in(
        &self,
        transaction: &mut PgConnection,
        new: NewJob,
        bound: Bound,
    ) -> Result<InsertReply, StoreError> {
        self.0.insert_in(transaction, new, bound).await.map_err(|trouble| match trouble {
            Trouble::Sql(error) => elsewhere(store_error(error)),
            Trouble::Store(error) => error,
        })
    }
}

impl Inner {
    async fn insert_in(
        &self,
        transaction: &mut PgConnection,
        new: NewJob,
        bound: Bound,
    ) -> Result<InsertReply, Trouble> {
        let jobs = [new];
        let keep = self.connections.keep_statements();
        let ask = self.ask_insert([(&jobs[..], bound)].into_iter(), true, OWN_SHARD).persistent(keep);
        let rows = ask.fetch_all(&mut *transaction).await?;
        let replies = read([1].into_iter(), &rows)?;
        let inserted = match replies.and_then(|mut replies| replies.pop()) {
            Some(Reply::Full(depth)) => return Ok(InsertReply::Full(depth)),
            Some(Reply::Done(mut jobs)) => match jobs.pop() {
                Some(Stands::Conflict(id)) => Inserted::Conflict(id),
                Some(Stands::Same(id)) => self.standing(transaction, id).await?,
                Some(Stands::New) | None => Inserted::Created,
            },
            None => Inserted::Created,
        };
        if matches!(inserted, Inserted::Created) {
            let tell = query(&self.sql.notify).bind(&self.channel).bind([NEWS].as_slice());
            tell.persistent(keep).execute(transaction).await?;
        }
        Ok(InsertReply::Done(vec![inserted]))
    }

    /// The job that stands for another, which may be one of the same transaction.
    async fn standing(&self, transaction: &mut PgConnection, id: JobId) -> Result<Inserted, Trouble> {
        let look = query(&self.sql.get).bind(Id::from(id)).persistent(self.connections.keep_statements());
        let row = look.fetch_one(transaction).await?;
        Ok(Inserted::Existing(Box::new(record(&row, 0)?)))
    }
}

/// Tables that are not there are, in a transaction of somebody else's, most often those of another database.
fn elsewhere(error: StoreError) -> StoreError {
    match error {
        StoreError::Unsuitable { message, source } => {
            let message = format!("{message} (or is the transaction one of another database?)");
            StoreError::Unsuitable { message, source }
        }
        other => other,
    }
}
