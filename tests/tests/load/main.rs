//! The short form of `scripts/bench load`: a test of rules, not of speed. Whatever goes wrong meanwhile, what was answered
//! with 202 comes, in order, enqueued once, byte for byte; who is hostile gets nothing in.

#![cfg_attr(feature = "emulators", expect(clippy::unwrap_used, reason = "a test that cannot go on fails"))]

#[cfg(feature = "emulators")]
mod app;
#[cfg(feature = "emulators")]
mod azure;
#[cfg(feature = "emulators")]
#[path = "../on_azure/cloud.rs"]
#[expect(dead_code, reason = "it is asked for other things too where it lies")]
mod cloud;
mod embedded;
#[cfg(feature = "emulators")]
#[path = "../on_azure/identity.rs"]
mod identity;
#[cfg(feature = "emulators")]
mod lambda;
