//! Why GitHub would not do something: the port's error for everybody, the reason for who can do something about it.

use std::{error::Error, fmt};

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use pointsman_core::{
    outcome::{Handled, Outcome, Reason, Rejection},
    port::{ErrorKind, PortError},
};
use serde::Deserialize;

use crate::limit;

/// Why GitHub refused, where that is known. Read it with [`Refusal::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The branch or tag is there already.
    ReferenceExists,
    /// There is no such branch or tag.
    ReferenceMissing,
    /// The branch has commits that the new head has not.
    NotFastForward,
    /// A pull request of this head and base is open already.
    PullExists,
    /// The head has nothing that the base has not.
    NoCommits,
    /// The tag has a published release already.
    ReleaseExists,
    /// A rule of the repository (a protected branch or tag) forbids it.
    Protected,
    /// The repository has no commit.
    EmptyRepository,
    /// The commit is not visible yet, or not there.
    UnknownCommit,
    /// GitHub does not know the credential: a wrong key, a revoked token.
    Credentials,
    /// The App is no longer installed there.
    InstallationGone,
    /// The installation is suspended.
    Suspended,
    /// The App (or the token) may not do this.
    Permission,
    /// The repository was renamed or moved.
    Moved,
    /// Anything else that was wrong with the request.
    Other,
}

impl Refusal {
    /// Why GitHub refused, if this error is a refusal.
    pub fn of(error: &PortError) -> Option<Self> {
        Some(error.source()?.downcast_ref::<Told>()?.why)
    }

    /// A stage's answer to an error: what no second try changes is refused at once, with its reason.
    pub fn settled<T>(error: PortError) -> Handled<T> {
        match Self::of(&error) {
            Some(
                Self::InstallationGone
                | Self::Suspended
                | Self::Credentials
                | Self::Permission
                | Self::Protected,
            ) => Ok(Outcome::Rejected(Rejection::new(Reason::Failed, error.to_string()))),
            _ => Err(error),
        }
    }

    /// An error of this kind with its reason; `message` says where and what to do.
    pub(crate) fn error(self, kind: ErrorKind, message: String, told: impl Into<String>) -> PortError {
        PortError::new(kind, message).caused_by(Told { why: self, told: told.into() })
    }
}

/// What GitHub said, and what it means.
#[derive(Debug)]
struct Told {
    why: Refusal,
    told: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl Error for Told {}

/// GitHub's usual answer when it refuses.
#[derive(Debug, Default, Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Detail {
    Full {
        #[serde(default)]
        resource: Option<String>,
        #[serde(default)]
        field: Option<String>,
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { message: Some(message), .. } => f.write_str(message),
            Self::Full { resource, field, code, .. } => {
                let words = [resource, field, code].into_iter().flatten().map(String::as_str);
                f.write_str(&words.collect::<Vec<_>>().join(" "))
            }
            Self::Text(text) => f.write_str(text),
            Self::Other(_) => Ok(()),
        }
    }
}

/// Passes 2xx and 304 on; everything else is an error of the kind that says what to do next.
pub(crate) fn judge(
    shown: &str,
    response: Response<Bytes>,
    now: Timestamp,
) -> Result<Response<Bytes>, PortError> {
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    if let Some(limit) = limit::told(shown, &response, now) {
        return Err(limit);
    }
    let told = told(response.body());
    let (why, kind, advice) = meaning(status, &told);
    let mut message = format!("GitHub refuses {shown} ({})", status.as_u16());
    if why == Refusal::Permission {
        message.push_str(&needed(&response));
    }
    message.push_str(advice);
    let told = if told.is_empty() {
        status.canonical_reason().unwrap_or("no reason given").to_owned()
    } else {
        told
    };
    Err(why.error(kind, message, told))
}

/// GitHub's words in one line, without control characters, cut.
fn told(body: &[u8]) -> String {
    let complaint: Complaint = serde_json::from_slice(body).unwrap_or_default();
    let mut parts = vec![complaint.message];
    parts.extend(complaint.errors.iter().map(Detail::to_string));
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

fn meaning(status: StatusCode, told: &str) -> (Refusal, ErrorKind, &'static str) {
    let says = |sign: &str| told.to_ascii_lowercase().contains(sign);
    match status {
        StatusCode::UNAUTHORIZED => (
            Refusal::Credentials,
            ErrorKind::Denied,
            "; the App's key or the token is wrong, expired or revoked",
        ),
        StatusCode::FORBIDDEN if says("suspended") => {
            (Refusal::Suspended, ErrorKind::Denied, "; lift the suspension in the installation's settings")
        }
        StatusCode::FORBIDDEN if says("rule violation") || says("protected") => {
            (Refusal::Protected, ErrorKind::Denied, "; let the App bypass the rule")
        }
        StatusCode::FORBIDDEN | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => {
            (Refusal::Permission, ErrorKind::Denied, "")
        }
        // A sha that was read a moment ago and is not everywhere yet.
        StatusCode::NOT_FOUND if says("no commit found") => {
            (Refusal::UnknownCommit, ErrorKind::Unavailable, "")
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => (Refusal::Other, ErrorKind::NotFound, ""),
        StatusCode::CONFLICT if says("repository is empty") => {
            (Refusal::EmptyRepository, ErrorKind::NotFound, "; push a first commit")
        }
        StatusCode::CONFLICT => (Refusal::Other, ErrorKind::Unavailable, ""),
        StatusCode::UNPROCESSABLE_ENTITY => unprocessable(told),
        _ if status.is_redirection() => {
            (Refusal::Moved, ErrorKind::Invalid, "; the repository was renamed or moved: use its new name")
        }
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            (Refusal::Other, ErrorKind::Unavailable, "")
        }
        _ if status.is_client_error() => (Refusal::Other, ErrorKind::Invalid, ""),
        _ => (Refusal::Other, ErrorKind::Internal, ""),
    }
}

fn unprocessable(told: &str) -> (Refusal, ErrorKind, &'static str) {
    let told = told.to_ascii_lowercase();
    let says = |sign: &str| told.contains(sign);
    match () {
        () if says("reference already exists") => (Refusal::ReferenceExists, ErrorKind::Conflict, ""),
        () if says("reference does not exist") => (Refusal::ReferenceMissing, ErrorKind::NotFound, ""),
        () if says("not a fast forward") || says("not a fast-forward") => {
            (Refusal::NotFastForward, ErrorKind::Invalid, "")
        }
        () if says("a pull request already exists") => (Refusal::PullExists, ErrorKind::Conflict, ""),
        () if says("no commits between") => (Refusal::NoCommits, ErrorKind::Invalid, ""),
        () if says("tag_name already_exists") => (Refusal::ReleaseExists, ErrorKind::Conflict, ""),
        () if says("rule violation") || says("protected") => {
            (Refusal::Protected, ErrorKind::Denied, "; let the App bypass the rule")
        }
        () if ["no commit found", "object does not exist", "sha does not exist"]
            .iter()
            .any(|sign| says(sign)) =>
        {
            (Refusal::UnknownCommit, ErrorKind::Unavailable, "")
        }
        () => (Refusal::Other, ErrorKind::Invalid, ""),
    }
}

/// What GitHub would have accepted.
fn needed(response: &Response<Bytes>) -> String {
    let accepted = response.headers().get("x-accepted-github-permissions").and_then(|it| it.to_str().ok());
    match accepted.filter(|it| !it.is_empty()) {
        Some(accepted) => {
            format!("; it needs the permission {}: grant it to the App", accepted.replace('=', ": "))
        }
        None => "; the App or the token lacks a permission for it".into(),
    }
}
