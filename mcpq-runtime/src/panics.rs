//! Panics that were caught.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What a caught panic says. Its payload is dropped here, which may itself panic and is contained as well.
pub(crate) fn message(panic: Box<dyn Any + Send>) -> String {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a value that is no text".to_owned(),
    };
    contained_drop(panic);
    message
}

/// Drops a value of the user's, whatever its `Drop` does.
pub(crate) fn contained_drop<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // The payload of this panic may do the same again, so it is not dropped at all.
        std::mem::forget(panic);
    }
}
