//! Whole releases through a GitHub that nobody here wrote: `emulate`, of npm. It has no GraphQL, takes a second identical pull
//! request and forgets where an open one's branch went: what it says of races is not asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod house;
mod judged;
mod server;
mod story;
