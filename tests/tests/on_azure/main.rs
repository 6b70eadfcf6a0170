//! The packaged function app on a laptop's Azure: the fake Functions host over the fake Service Bus, Azurite by TLS, and the
//! real program.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod care;
mod cloud;
mod identity;
mod moves;
mod payloads;
mod release;
