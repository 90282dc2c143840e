//! The trait behind every injected parameter.

use std::{
    any::{TypeId, type_name},
    sync::Arc,
};

use super::{CancelToken, JobContext, Progress, SharedState, State, StateMap};
use crate::job::JobError;

/// A type that a job can take as an injected parameter. Yours is marked with `#[inject]`:
///
/// ```
/// # use mcpq_runtime::{FromJob, JobError, JobScope, Needs};
/// struct Tenant(String);
///
/// impl FromJob for Tenant {
///     fn from_job(scope: &JobScope) -> Result<Self, JobError> {
///         Ok(Tenant(scope.context().owner().to_string()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something mcpq injects into a job",
    label = "not an injected type",
    note = "mcpq injects `mcpq::Progress`, `mcpq::CancelToken`, `mcpq::JobContext` and `mcpq::State<T>` where `T: Send + Sync`",
    note = "for an argument of this name, write `#[arg]` before the parameter; for a type of your own, implement `mcpq::FromJob`"
)]
pub trait FromJob: Sized {
    /// Declares the state that [`from_job`](Self::from_job) will ask for, so that a missing one is an error when the
    /// queue is built and not when a job runs.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }

    /// Makes the value for one attempt.
    ///
    /// # Errors
    /// Fails the attempt.
    fn from_job(scope: &JobScope) -> Result<Self, JobError>;
}

/// The state that a job's parameters need.
#[derive(Clone, Debug, Default)]
pub struct Needs(Vec<(TypeId, &'static str)>);

impl Needs {
    /// Declares that `State<T>` is needed.
    pub fn state<T: Send + Sync + 'static>(&mut self) {
        self.0.push((TypeId::of::<T>(), type_name::<T>()));
    }

    /// The names of the needed types that `map` does not hold.
    pub(crate) fn missing_in(&self, map: &StateMap) -> Vec<&'static str> {
        self.0.iter().filter(|(id, _)| !map.contains(*id)).map(|(_, name)| *name).collect()
    }
}

/// What the injected parameters of one attempt are made from.
#[derive(Clone, Debug)]
pub struct JobScope {
    pub(crate) context: JobContext,
    pub(crate) progress: Progress,
    pub(crate) cancel: CancelToken,
    pub(crate) state: Arc<StateMap>,
}

impl JobScope {
    /// The scope of an attempt that a worker makes.
    pub(crate) fn new(context: JobContext, progress: Progress, cancel: CancelToken, state: Arc<StateMap>) -> Self {
        Self { context, progress, cancel, state }
    }

    /// A scope for testing a [`FromJob`] of one's own: nobody listens to its progress, its token has not fired, and it
    /// has no state. The methods below change that.
    ///
    /// ```
    /// # use mcpq_runtime::{FromJob, JobContext, JobError, JobScope};
    /// # struct Prices(u32);
    /// # struct Price(u32);
    /// # impl FromJob for Price {
    /// #     fn from_job(scope: &JobScope) -> Result<Self, JobError> {
    /// #         Ok(Price(scope.state::<Prices>().map_or(0, |prices| prices.0)))
    /// #     }
    /// # }
    /// let scope = JobScope::for_test(JobContext::for_test("sell").with_owner("ada")).with_state(Prices(7));
    /// assert_eq!(Price::from_job(&scope)?.0, 7);
    /// # Ok::<(), JobError>(())
    /// ```
    pub fn for_test(context: JobContext) -> Self {
        Self::new(context, Progress::new(), CancelToken::new(), Arc::default())
    }

    /// For a test: the same scope with this state as well, which takes the place of one of the same type.
    #[must_use]
    pub fn with_state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        Arc::make_mut(&mut self.state).insert(Arc::new(value));
        self
    }

    /// For a test: the same scope with a progress that the test looks at.
    #[must_use]
    pub fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// For a test: the same scope with a token that the test cancels.
    #[must_use]
    pub fn with_cancel_token(self, cancel: CancelToken) -> Self {
        Self { cancel, ..self }
    }

    /// The running attempt.
    pub fn context(&self) -> &JobContext {
        &self.context
    }

    /// The attempt's progress.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The attempt's token.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// The application's `T`, where it was given to the builder.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.state.get()
    }
}

impl FromJob for Progress {
    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        Ok(scope.progress.clone())
    }
}

impl FromJob for CancelToken {
    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        Ok(scope.cancel.clone())
    }
}

impl FromJob for JobContext {
    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        Ok(scope.context.clone())
    }
}

impl<T: SharedState> FromJob for State<T> {
    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }

    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        scope.state().ok_or_else(|| {
            JobError::fatal(format!("no state of the type `{}` was given to the builder", type_name::<T>()))
        })
    }
}
