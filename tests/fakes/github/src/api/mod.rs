//! The operations, one file an area. A request body that lacks what GitHub asks for gets GitHub's 422.

mod apps;
mod comments;
mod commits;
mod compare;
mod contents;
mod graphql;
mod hooks;
mod issues;
mod labels;
mod merge;
mod notes;
mod objects;
mod pulls;
mod reactions;
mod refs;
mod releases;
mod repos;

pub(crate) use comments::add as write_comment;
pub(crate) use commits::bot_signature;
pub(crate) use issues::open as open_issue;
pub(crate) use merge::merge_pull;
pub(crate) use pulls::open as open_pull;
pub(crate) use releases::publish;

use crate::route::Operation;

/// Every operation there is.
pub(crate) const TABLES: &[&[Operation]] = &[
    refs::OPERATIONS,
    objects::OPERATIONS,
    commits::OPERATIONS,
    compare::OPERATIONS,
    contents::OPERATIONS,
    repos::OPERATIONS,
    pulls::OPERATIONS,
    merge::OPERATIONS,
    issues::OPERATIONS,
    comments::OPERATIONS,
    reactions::OPERATIONS,
    labels::OPERATIONS,
    notes::OPERATIONS,
    releases::OPERATIONS,
    apps::OPERATIONS,
    hooks::OPERATIONS,
    graphql::OPERATIONS,
];
