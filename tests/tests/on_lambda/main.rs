//! The real Lambda programs on emulated AWS: a Function URL before intake, event source mappings between queues and
//! functions, a schedule before recover.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod care;
mod figures;
mod house;
mod payloads;
mod recover;
mod release;
mod sink;
