//! HTTP requests to stage inputs, outcomes to responses. No logic: the stage, the checks and the figures are handed in.
//!
//! A request's way: [`server`](Server) (connections), `routes`, `webhook` (request -> input), `answer` (outcome -> response).

mod answer;
mod body;
mod client;
mod limits;
mod parts;
mod routes;
mod server;
mod webhook;
mod wire;

pub use limits::Limits;
pub use parts::{Dependency, Parts, Ready, Render, Stage};
pub use server::Server;
