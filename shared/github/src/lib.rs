//! GitHub's API over the Http port: thin, lenient, and never asleep. About 60 calls.
//!
//! [`Github`] has the credentials, [`Repository`] the calls about one repository, [`RepositorySource`] the facts that
//! a release's plan asks for. A limit is `Throttled` at once; why a call was refused is a [`Refusal`].

mod about;
mod app;
mod ask;
mod base;
mod cache;
mod client;
mod deliveries;
mod graphql;
mod installation;
pub mod late;
mod limit;
mod model;
mod name;
mod notice;
mod pages;
mod path;
mod refusal;
mod remembered;
mod repository;
mod settings;
mod source;
mod token;

pub use about::{is_about_installation, is_about_repository};
pub use app::{App, Identity};
pub use base::BaseUrl;
pub use cache::ANSWERS;
pub use client::{Github, Pace, Ports};
pub use deliveries::{Deliveries, HookPage, HookPlace, SentDelivery};
pub use graphql::documents;
pub use installation::Installation;
pub use model::*;
pub use name::{RefName, Slug};
pub use notice::Told;
pub use refusal::Refusal;
pub use remembered::Remembered;
pub use repository::{
    Claim, Latest, Moved, NewPull, NewRelease, NewTree, Opened, PullChange, Reaction, ReleaseChange,
    Repository, Swap,
};
pub use settings::{Above, InForce};
pub use source::RepositorySource;
pub use token::PERMISSIONS;

#[cfg(test)]
mod tests;
