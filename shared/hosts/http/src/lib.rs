//! HTTP requests to stage inputs, outcomes to responses. No logic: the stage, the checks and the figures are handed in.
//!
//! [`Pages`] serve a person at this machine instead, while a command waits for a browser's answer.
//!
//! A request's way: [`server`](Server) (connections), `routes`, `webhook` (request -> input), `answer` (outcome -> response).

mod admin;
mod answer;
mod body;
mod called;
mod limits;
mod page;
mod parts;
mod routes;
mod server;
mod turns;
mod webhook;
mod wire;

pub use admin::{Admin, Asked, Told};
pub use limits::Limits;
pub use page::{Page, Pages, Visit};
pub use parts::{Calls, Dependency, Parts, Ready, Render, Stage};
pub use server::Server;
