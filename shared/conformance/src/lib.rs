//! One suite a port: what every adapter must promise, one test a promise; and one over every host ([`trigger`]).
//!
//! An adapter's test file says how a [`Subject`] is made and calls `queue_suite!`, `archive_suite!`, `records_suite!`,
//! `secrets_suite!`, `ledger_suite!` or (a host's) `trigger_suite!` with the number of cases that it runs; each case becomes
//! a test of its own.

mod case;
mod clock;
mod subject;

#[macro_use]
mod suite;

pub mod archive;
pub mod ledger;
pub mod queue;
pub mod records;
pub mod secrets;
pub mod trigger;

pub use case::{Case, assert_count, run};
pub use clock::{TurnedClock, WallClock};
pub use subject::{Capabilities, Reopen, Subject, Time};
