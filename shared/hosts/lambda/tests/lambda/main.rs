//! The host's rules, over the recorded events of tests/fixtures/events.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod http;
mod parity;
mod queue;
mod runs;
mod support;
