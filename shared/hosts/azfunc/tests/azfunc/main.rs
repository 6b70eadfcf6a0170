//! The host's rules, over the custom handler protocol in all its encodings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod parity;
mod queue;
mod serve;
mod support;
