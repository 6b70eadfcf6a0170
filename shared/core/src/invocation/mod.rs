//! One call of a stage, whoever makes it: in a span of its own, answered whatever becomes of it, logged once.

mod fault;
mod flood;
mod panics;
mod run;
mod webhook;

pub use fault::Fault;
pub use panics::tell_of_panics;
pub use run::run;
pub use webhook::{answer, unread};
