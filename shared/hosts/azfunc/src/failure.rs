//! A call that failed, and how long the host is to wait until it hears of it: it would hand a message out again at once.

use std::time::Duration;

use pointsman_core::{invocation::Fault, port::PortError};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the log says.
    pub fault: Fault,
    /// Not before; `None` = of a message as long as its deliveries so far say, of anything else at once.
    pub after: Option<Duration>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, after: None }
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Fault::from(error).into()
    }
}
