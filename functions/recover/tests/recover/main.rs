//! What is lost on the way is found and sent: over a fake GitHub, a real store and the real pipeline.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod github;
mod house;
mod logged;
mod stored;
mod trouble;
mod unrouted;
