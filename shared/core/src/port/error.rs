//! One error for all ports, its kinds named by what the caller does next.

use std::{error::Error, fmt, time::Duration};

use crate::scrub::scrub;

/// What the caller can do about a port's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ErrorKind {
    /// It is not there.
    NotFound,
    /// It exists already, or its version is another one. Nothing else is a conflict.
    Conflict,
    /// A right is missing; the message names it.
    Denied,
    /// The request can never succeed as it is.
    Invalid,
    /// Too fast: come back after this long, if the other side said how long.
    Throttled {
        /// How long the other side asked us to stay away.
        after: Option<Duration>,
    },
    /// It may work soon: a network, a full disk, a service that restarts.
    Unavailable,
    /// Anything unknown: retried a bounded number of times, never for ever.
    Internal,
}

impl ErrorKind {
    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A port's failure: what was wrong, where, and what to do about it.
#[derive(Debug)]
pub struct PortError {
    /// What the caller can do about it.
    pub kind: ErrorKind,
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl PortError {
    /// An error of this kind; `message` says what was wrong, where, and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// The same with the error that led to it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// [`ErrorKind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// [`ErrorKind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// [`ErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scrub(&self.message))?;
        match &self.cause {
            Some(cause) => write!(f, ": {}", scrub(&cause.to_string())),
            None => Ok(()),
        }
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}
