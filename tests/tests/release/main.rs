//! Releases from a push to a published release, against a GitHub that behaves: both stages, their queues, real git.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod budget;
mod commands;
mod hostile;
mod house;
mod kills;
mod lies;
mod merging;
mod promises;
mod races;
mod story;
mod trouble;
mod variants;
