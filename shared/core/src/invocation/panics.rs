//! What is told of a panic: where, and its text only if that cannot hold what somebody sent.

use std::panic::{PanicHookInfo, set_hook};

use tracing::error;

/// From now on a panic is an error in the log, instead of its whole text on stderr: a text that was put together from values
/// may hold a payload, or a secret.
pub fn tell_of_panics() {
    set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload().downcast_ref::<&'static str>();
        error!(at, said, "panicked at {at}");
    }));
}
