//! What the real program tells of its work: one line an event, its trace, no secret; and the page that documents it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod house;
mod leaks;
mod lines;
mod table;
