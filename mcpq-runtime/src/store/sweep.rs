//! The sweep that every long-lived process runs: rescue what was lost, forget what has been kept long enough.

use super::{Rescued, Store, StoreError};

/// Jobs that one call of a store looks after.
const PAGE: usize = 500;

/// Rescues page after page until nothing is left.
///
/// # Errors
/// What the store says; pages done before stay done.
pub async fn rescue(store: &dyn Store, max_crashes: u32, mut each: impl FnMut(Rescued)) -> Result<(), StoreError> {
    loop {
        let rescued = store.rescue(max_crashes, PAGE).await?;
        let last = rescued.len() < PAGE;
        rescued.into_iter().for_each(&mut each);
        if last {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Prunes page after page until nothing is left, and returns how many jobs were forgotten.
///
/// # Errors
/// What the store says; pages done before stay done.
pub async fn prune(store: &dyn Store) -> Result<usize, StoreError> {
    let mut pruned = 0;
    loop {
        let page = store.prune(PAGE).await?;
        pruned += page;
        if page < PAGE {
            return Ok(pruned);
        }
        tokio::task::yield_now().await;
    }
}
