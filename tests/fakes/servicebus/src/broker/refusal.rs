//! Why the broker does not do something, as AMQP and as HTTP say it.

use fe2o3_amqp_types::{
    definitions::{AmqpError, Error, ErrorCondition},
    primitives::Symbol,
};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such queue.
    NotFound(String),
    /// Another has this session.
    SessionLocked(String),
    /// No session is free.
    NoSession,
    /// The message is no longer held by this token.
    MessageLockLost,
    /// The session is no longer held.
    SessionLockLost,
    /// It is too large.
    TooLarge(usize),
    /// It can never be done like this.
    NotAllowed(String),
    /// The token does not prove it.
    Unauthorized,
}

impl Refusal {
    /// Service Bus's own word, or AMQP's.
    pub fn condition(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "amqp:not-found",
            Self::SessionLocked(_) => "com.microsoft:session-cannot-be-locked",
            Self::NoSession => "com.microsoft:timeout",
            Self::MessageLockLost => "com.microsoft:message-lock-lost",
            Self::SessionLockLost => "com.microsoft:session-lock-lost",
            Self::TooLarge(_) => "amqp:link:message-size-exceeded",
            Self::NotAllowed(_) => "amqp:not-allowed",
            Self::Unauthorized => "amqp:unauthorized-access",
        }
    }

    /// The status of a REST answer, and of `$management`'s.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) => 404,
            Self::SessionLocked(_) => 409,
            Self::NoSession => 204,
            Self::MessageLockLost | Self::SessionLockLost => 410,
            Self::TooLarge(_) => 413,
            Self::NotAllowed(_) => 400,
            Self::Unauthorized => 401,
        }
    }

    /// As a link ends with it.
    pub fn error(&self) -> Error {
        let condition = match self {
            Self::NotFound(_) => ErrorCondition::AmqpError(AmqpError::NotFound),
            Self::NotAllowed(_) => ErrorCondition::AmqpError(AmqpError::NotAllowed),
            Self::Unauthorized => ErrorCondition::AmqpError(AmqpError::UnauthorizedAccess),
            _ => ErrorCondition::Custom(Symbol::from(self.condition())),
        };
        Error::new(condition, self.to_string(), None)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(queue) => write!(f, "The messaging entity '{queue}' could not be found."),
            Self::SessionLocked(session) => {
                write!(
                    f,
                    "The requested session '{session}' cannot be accepted: it is locked by another receiver."
                )
            }
            Self::NoSession => write!(f, "The operation did not complete within the time that it had."),
            Self::MessageLockLost => {
                write!(f, "The lock supplied is invalid: it expired, or the message was removed.")
            }
            Self::SessionLockLost => write!(f, "The session lock has expired. Accept a new session."),
            Self::TooLarge(limit) => write!(f, "The message is larger than {limit} bytes."),
            Self::NotAllowed(why) => f.write_str(why),
            Self::Unauthorized => write!(f, "Unauthorized access: the token is missing, wrong or expired."),
        }
    }
}
