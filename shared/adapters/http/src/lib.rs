//! Outbound HTTP: the [`Http`](pointsman_core::port::Http) port over hyper and rustls, with its limits.

mod client;
mod dial;
mod error;

pub use client::{Client, Limits};
pub use error::Error;

#[cfg(test)]
mod tests;
