//! The short form of `scripts/bench load`: a test of rules, not of speed. Whatever goes wrong meanwhile, what was answered
//! with 202 comes, in order, enqueued once, byte for byte; who is hostile gets nothing in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod embedded;
#[cfg(feature = "emulators")]
mod lambda;
