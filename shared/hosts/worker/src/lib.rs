//! Drives any queue with a handler from a plain process: one session's messages one after another, sessions side by
//! side, everything settled or given back before it returns.
//!
//! A message's way: `run` (taken, put into its session's lane), `lane` (handled, kept meanwhile), `settling`.

mod counts;
mod lane;
mod run;
mod settling;
mod worker;

pub use counts::Counts;
pub use worker::Worker;
