//! Our error kinds from the services' answers, for all of them: the only place that reads error codes. The SDK's errors are
//! shown by their message alone: their `Debug` prints backtraces.

use std::time::Duration;

use azure_core::{Error, error::ErrorKind as Sdk};
use http::{HeaderMap, header::RETRY_AFTER};
use pointsman_core::port::{ErrorKind, PortError};

/// What was asked of whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// What was to be done: "putting `key` into".
    pub(crate) doing: &'static str,
    /// On what: "the container `x`".
    pub(crate) on: &'a str,
    /// The role that it takes.
    pub(crate) role: &'static str,
}

impl Asked<'_> {
    /// The error of a call of the SDK as the port tells it.
    pub(crate) fn failed(&self, error: &Error) -> PortError {
        match error.kind() {
            Sdk::HttpResponse { status, error_code, raw_response } => {
                let after = raw_response.as_deref().and_then(|raw| {
                    let header = raw.headers().iter().find(|(name, _)| name.as_str() == "retry-after");
                    header?.1.as_str().parse().ok()
                });
                let code = error_code.as_deref().unwrap_or("no code");
                self.refused(u16::from(*status), code, "", after.map(Duration::from_secs))
            }
            Sdk::Credential => self.denied(&error.to_string()),
            Sdk::Io | Sdk::Connection => PortError::unavailable(format!("{self} got no answer: {error}")),
            _ => PortError::internal(format!("{self} failed: {error}")),
        }
    }

    /// What a service answered: its status, its code, and whatever it said beside it.
    pub(crate) fn refused(&self, status: u16, code: &str, said: &str, after: Option<Duration>) -> PortError {
        let said =
            if said.is_empty() { format!("{status} {code}") } else { format!("{status} {code} ({said})") };
        match kind(status, code) {
            ErrorKind::Denied => self.denied(&said),
            ErrorKind::Throttled { .. } => {
                PortError::new(ErrorKind::Throttled { after }, format!("{self} is throttled: {said}"))
            }
            kind => PortError::new(kind, format!("{self} failed: {said}")),
        }
    }

    fn denied(&self, said: &str) -> PortError {
        let message =
            format!("{self} is denied: give this identity the role \"{}\" there: {said}", self.role);
        PortError::new(ErrorKind::Denied, message)
    }
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.doing, self.on)
    }
}

/// How long a service asks us to stay away.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Only a word for "it is there already" is a conflict; every other 409 says that something is going on.
fn kind(status: u16, code: &str) -> ErrorKind {
    match (status, code) {
        (_, "BlobAlreadyExists" | "ConditionNotMet" | "TargetConditionNotMet") => ErrorKind::Conflict,
        // What holds everything is missing: a deployment that is not complete.
        (_, "ContainerNotFound" | "ContainerBeingDeleted") => ErrorKind::Unavailable,
        (_, "ServerBusy") | (429, _) => ErrorKind::Throttled { after: None },
        (401 | 403, _) => ErrorKind::Denied,
        (404, _) => ErrorKind::NotFound,
        (412, _) => ErrorKind::Conflict,
        (400 | 413 | 414, _) => ErrorKind::Invalid,
        (408 | 409 | 410 | 500.., _) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'static> =
        Asked { doing: "putting `a` into", on: "the container `raw`", role: "Storage Blob Data Contributor" };

    #[test]
    fn only_what_is_there_already_is_a_conflict() {
        let cases = [
            (409, "BlobAlreadyExists", ErrorKind::Conflict),
            (412, "ConditionNotMet", ErrorKind::Conflict),
            (409, "BlobImmutableDueToPolicy", ErrorKind::Unavailable),
            (409, "ContainerBeingDeleted", ErrorKind::Unavailable),
            (404, "ContainerNotFound", ErrorKind::Unavailable),
            (404, "BlobNotFound", ErrorKind::NotFound),
            (503, "ServerBusy", ErrorKind::Throttled { after: None }),
            (429, "", ErrorKind::Throttled { after: None }),
            (413, "", ErrorKind::Invalid),
            (500, "InternalError", ErrorKind::Unavailable),
            (402, "who knows", ErrorKind::Internal),
        ];
        for (status, code, expected) in cases {
            assert_eq!(ASKED.refused(status, code, "", None).kind, expected, "{status} {code}");
        }
    }

    #[test]
    fn a_denied_call_names_the_role_and_the_resource() {
        for status in [401, 403] {
            let text = ASKED.refused(status, "AuthorizationPermissionMismatch", "", None).to_string();
            assert!(
                text.contains("\"Storage Blob Data Contributor\"") && text.contains("the container `raw`"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_throttled_call_says_how_long_to_stay_away() {
        let after = Some(Duration::from_secs(7));
        assert_eq!(ASKED.refused(503, "ServerBusy", "", after).kind, ErrorKind::Throttled { after });
    }
}
