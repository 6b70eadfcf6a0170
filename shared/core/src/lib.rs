//! The words, rules and ports of Pointsman. No I/O, no clock, no SDK: all of that comes in through [`port`].
//!
//! One webhook's way: [`pipeline`] (verify, archive, event, route, send, mark), [`event`], [`session`], [`route`].

pub mod config;
pub mod delivery;
pub mod ledger;
pub mod outcome;
pub mod pipeline;
pub mod port;
pub mod session;
