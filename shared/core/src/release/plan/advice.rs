//! Failures of a plan that only a person can end, by other settings or another file: no second try helps.

use std::error::Error;

use crate::{port::PortError, release::files::Faults};

/// What a person should do, as the cause of the error that they can end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Advice(pub String);

/// Whether a plan failed by what the repository's settings or files say.
pub fn is_for_people(error: &PortError) -> bool {
    Error::source(error).is_some_and(|cause| cause.is::<Faults>() || cause.is::<Advice>())
}
