//! The fake against what GitHub is known to do: its document, its recorded traffic, git itself, and its awkward answers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod awkward;
mod faults;
mod git;
mod house;
mod recorded;
mod release;
