//! Releases from a push to a published release, against a GitHub that behaves: both stages, their queues, real git.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod house;
mod kills;
mod promises;
mod races;
mod seeds;
mod story;
mod trouble;
mod variants;
