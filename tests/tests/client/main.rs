//! The client of GitHub before the fake: real git behind it, and GitHub's own document as the judge of every exchange.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod house;
mod lists;
mod refs;
mod trouble;
