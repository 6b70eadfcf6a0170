//! A GitHub that behaves, awkwardness included: REST over a real bare git repository, signed webhooks, faults.
//!
//! Two doors: [`FakeGithub`] is an [`Http`](pointsman_core::port::Http), and [`serve`] opens it on loopback.
//! Objects are git's own ([`git`]); everything else is kept in memory. Time is the clock's that it is given.

mod api;
mod auth;
mod door;
mod effects;
mod faults;
pub mod git;
mod keys;
mod page;
mod people;
mod reply;
mod route;
mod sending;
mod server;
mod setup;
mod shape;
mod site;
mod state;
mod webhook;

pub use door::{Exchange, FakeGithub};
pub use faults::{Fault, Moment, Odds, When};
pub use keys::PRIVATE_KEY;
pub use people::Person;
pub use server::{Server, serve};
pub use setup::{NewApp, NewHook};
pub use webhook::Delivery;
