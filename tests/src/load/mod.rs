//! Load as GitHub makes it, on any host of the house: [`traffic`] says what leaves when, [`sender`] lets it leave by the
//! clock, [`facts`] keep what was answered and what came, [`judge`] finds what was lost, overtaken or came twice.
//!
//! Hosts: [`embedded`], with its [`trouble`], and [`lambda`] on emulators, behind a [`proxy`]. Figures: [`figures`], [`picture`].

pub mod clock;
pub mod consumer;
pub mod embedded;
pub mod facts;
pub mod figures;
pub mod hostile;
pub mod judge;
pub mod lambda;
pub mod memory;
pub mod picture;
pub mod proxy;
pub mod runs;
pub mod sender;
pub mod traffic;
pub mod trouble;
pub mod wire;

/// Whether a run of `recover`, by what it tells, has left nothing to do.
pub fn is_recovered(told: &serde_json::Value) -> bool {
    let done = &told["done"];
    done["unrouted"]["rerouted"] == 0 && done["unrouted"]["failing"] == 0 && done["left"] == 0
}
