//! What a factory gives, and how a case runs on it.

use std::{any::Any, sync::Arc};

use crate::store::Store;

/// A store for one case, and what must outlive it.
pub trait Fixture {
    /// The store, and what is dropped after it.
    fn into_parts(self) -> (Arc<dyn Store>, Box<dyn Any>);
}

impl<S: Store> Fixture for S {
    fn into_parts(self) -> (Arc<dyn Store>, Box<dyn Any>) {
        (Arc::new(self), Box::new(()))
    }
}

impl Fixture for Arc<dyn Store> {
    fn into_parts(self) -> (Arc<dyn Store>, Box<dyn Any>) {
        (self, Box::new(()))
    }
}

impl<F: Fixture, G: 'static> Fixture for (F, G) {
    fn into_parts(self) -> (Arc<dyn Store>, Box<dyn Any>) {
        let (store, inner) = self.0.into_parts();
        (store, Box::new((inner, self.1)))
    }
}

/// Runs a case on a store of its own.
pub async fn run<F: Fixture>(new: impl AsyncFnOnce() -> F, case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let (store, guard) = new().await.into_parts();
    case(store).await;
    drop(guard);
}
