//! Erasure over a real store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod exactly;
mod house;
mod stage;
