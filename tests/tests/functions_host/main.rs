//! The fake Functions host: over a small app of the tests' own, and over the packaged one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod app;
mod consumer;
mod packaged;
