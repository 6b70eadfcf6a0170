//! Azure Functions' triggers to stage inputs, outcomes to its answers, over the custom handler protocol. No logic, and nothing
//! of what is behind a stage.
//!
//! A program makes a [`Host`], names its functions, and serves. Each [`Call`] goes to the trigger that it is: [`queue`],
//! [`timer`], [`direct`]; webhooks are forwarded as they were sent. What a function needs is made on first use, by [`Lazy`].

mod call;
pub mod config;
pub mod direct;
mod failure;
mod host;
mod metadata;
mod peel;
pub mod queue;
mod reply;
pub mod timer;

pub use call::{Call, Trigger};
pub use failure::Failure;
pub use host::{Calls, Host};
pub use pointsman_core::{invocation::Fault, lazy::Lazy};
