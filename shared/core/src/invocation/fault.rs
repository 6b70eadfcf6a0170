//! An invocation that failed, as a function's host counts and shows it.

use std::{error::Error, fmt};

use crate::port::PortError;

/// A failed invocation: in the function's errors, and in the caller's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One word, such as `Malformed`.
    pub kind: &'static str,
    /// What was wrong, where, and what to do.
    pub message: String,
}

impl Fault {
    /// A fault.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<PortError> for Fault {
    fn from(error: PortError) -> Self {
        Self::new("Unavailable", error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl Error for Fault {}
