//! Releases by the real program: `pointsman serve` with a configuration file, beside a GitHub on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod figures;
mod house;
mod story;
mod traced;
