//! Lambda's triggers to stage inputs, outcomes to Lambda's answers. No logic, and nothing of what is behind a stage.
//!
//! A function's `main` calls [`serve()`] and hands each [`Event`] to the trigger that it is: [`http`], [`queue`], [`timer`],
//! [`direct`]. What it needs is made on first use, by [`Lazy`].

mod config;
pub mod direct;
mod emf;
mod event;
pub mod http;
pub mod queue;
mod serve;
pub mod timer;

pub use emf::Emf;
pub use event::{Event, Trigger};
pub use lambda_runtime::Error;
pub use pointsman_core::{invocation::Fault, lazy::Lazy};
pub use serve::serve;
