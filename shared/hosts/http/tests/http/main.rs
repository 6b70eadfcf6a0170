//! The host over real sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod answers;
mod crowd;
mod limits;
mod pages;
mod support;
