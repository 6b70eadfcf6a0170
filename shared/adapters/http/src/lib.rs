//! Outbound HTTP: the [`Http`](pointsman_core::port::Http) port over hyper and rustls, with its limits.

mod client;
mod dial;
mod error;
mod guard;
mod resolve;

pub use client::{Client, Limits};
pub use error::Error;
pub use resolve::Refused;

#[cfg(test)]
mod tests;
