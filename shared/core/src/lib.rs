//! The words, rules and ports of Pointsman. No I/O, no clock, no SDK: all of that comes in through [`port`].
//!
//! One webhook's way: [`pipeline`] (verify, archive, event, route, send, mark), [`event`], [`session`], [`route`].

pub mod again;
pub mod answer;
pub mod attempts;
pub mod breaker;
pub mod client;
pub mod condition;
pub mod config;
pub mod delivery;
mod entity;
pub mod event;
pub mod facts;
pub mod form;
pub mod handed;
pub mod handling;
pub mod invocation;
pub mod lazy;
pub mod lease;
pub mod ledger;
pub mod outcome;
pub mod pack;
pub mod pattern;
pub mod payload;
pub mod pipeline;
pub mod port;
pub mod release;
pub mod route;
pub mod rules;
pub mod scrub;
pub mod sending;
pub mod session;
pub mod stepwise;
pub mod stored;
pub mod telemetry;
pub mod trace;
pub mod verify;
pub mod versions;
pub mod word;

#[cfg(test)]
mod tests;
