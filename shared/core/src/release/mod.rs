//! Releases: what is due, why, and what it changes. Pure: what is known comes through [`Source`], `now` is an argument.
//!
//! One release's way: [`Source`] (what the repository holds), `message` (how a commit reads), `plan` (what is next, and
//! why), `files` and `changelog` (what it writes), `proposal` (the pull request that proposes it).

mod bump;
pub mod changelog;
pub mod command;
pub mod errand;
pub mod files;
mod history;
pub mod message;
pub mod next;
pub mod notice;
pub mod plan;
pub mod preview;
pub mod proposal;
mod pulls;
pub mod settings;
mod source;
pub mod template;
pub mod text;

pub use bump::Bump;
pub use history::{Author, Commit, Pull, Sha, Tag};
pub use message::Message;
pub use plan::Plan;
pub use pulls::attribute;
pub use settings::Settings;
pub use source::Source;
