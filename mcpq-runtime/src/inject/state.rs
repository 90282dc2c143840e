//! Application state shared by all handlers.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    ops::Deref,
    sync::Arc,
};

/// The application's `T`, as given to the builder with `.state(value)`. Cheap to clone.
///
/// ```
/// # use mcpq_runtime::State;
/// struct Config { region: String }
/// let config = State::new(Config { region: "eu".into() });
/// assert_eq!(config.region, "eu"); // derefs to `Config`
/// ```
pub struct State<T: ?Sized>(Arc<T>);

/// What jobs can share, whatever thread they run on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of jobs",
    label = "not `Send` and `Sync`",
    note = "jobs run on several threads at once, so what they share must implement `Send` and `Sync`",
    note = "put what changes into a `std::sync::Mutex`, an `RwLock` or an atomic, and use `Arc` instead of `Rc`"
)]
pub trait SharedState: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> SharedState for T {}

impl<T> State<T> {
    /// Wraps a value, for calling a job directly in a test.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> State<T> {
    /// The shared value.
    pub fn into_arc(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&&*self.0).finish()
    }
}

/// All state that was given to a builder, by type.
#[derive(Clone, Default)]
pub(crate) struct StateMap(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl StateMap {
    /// Adds a value; an earlier one of the same type is replaced.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), value);
    }

    /// The value of this type.
    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        let value = self.0.get(&TypeId::of::<T>())?.clone();
        value.downcast().ok().map(State)
    }

    /// Whether there is a value of this type.
    pub(crate) fn contains(&self, id: TypeId) -> bool {
        self.0.contains_key(&id)
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} types)", self.0.len())
    }
}
