//! Replays over a real store: what is sent, in what order, and that it is sent once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad;
mod kills;
mod order;
mod support;
mod turns;
