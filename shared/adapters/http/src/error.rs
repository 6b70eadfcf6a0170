//! Why there is no answer.

use std::{error::Error as _, io, time::Duration};

use http::Uri;
use pointsman_core::port::{ErrorKind, PortError};
use rustls::CertificateError;

use crate::resolve::Refused;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no `http://host[:port]/path`, nor https.
    #[error("`{}` is no http URL: such as http://127.0.0.1:8080/path or https://example.org/path", shown(.0))]
    Url(Uri),
    /// It names a user: a password in a URL ends up in logs.
    #[error("the URL of {0} names a user: credentials belong into headers")]
    User(String),
    /// It would go to an address that it may not go to.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody took the connection.
    #[error("nothing listens on {host}:{port} ({cause})")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        cause: io::Error,
    },
    /// The other side is not who it should be, or speaks no TLS that is safe.
    #[error("{host} cannot be trusted: {told}")]
    Untrusted {
        /// The host.
        host: String,
        /// Why, and what to do.
        told: String,
    },
    /// It broke off on the way.
    #[error("{} hung up: {}", shown(.0), .1)]
    Broken(Uri, String),
    /// The answer is too long.
    #[error("{} answers more than {} bytes", shown(.0), .1)]
    TooLong(Uri, usize),
    /// No answer in time.
    #[error("{} did not answer within {} s", shown(url), patience.as_secs())]
    Late {
        /// Who.
        url: Uri,
        /// How long it had.
        patience: Duration,
    },
}

impl Error {
    /// As a label.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::User(_) => "url",
            Self::Refused(_) => "refused",
            Self::Connect { .. } => "connect",
            Self::Untrusted { .. } => "untrusted",
            Self::Broken(..) => "broken",
            Self::TooLong(..) => "too_long",
            Self::Late { .. } => "late",
        }
    }

    /// What the client's error was about: the connection, the other side's certificate, or the conversation.
    pub(crate) fn of(url: &Uri, error: &hyper_util::client::legacy::Error, no_roots: bool) -> Self {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let mut cause = error.source();
        let mut deepest = error.to_string();
        while let Some(inner) = cause {
            deepest = inner.to_string();
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return Self::Untrusted { host, told: told(tls, no_roots) };
            }
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                if let Some(refused) = refused(io) {
                    return refused;
                }
                if let Some(tls) = within(io) {
                    return Self::Untrusted { host, told: told(tls, no_roots) };
                }
                if error.is_connect() {
                    let usual = if url.scheme_str() == Some("https") { 443 } else { 80 };
                    let cause = io::Error::new(io.kind(), io.to_string());
                    return Self::Connect { host, port: url.port_u16().unwrap_or(usual), cause };
                }
            }
            cause = inner.source();
        }
        Self::Broken(url.clone(), deepest)
    }
}

/// A URL without what may be a credential: its user and password, its query.
fn shown(url: &Uri) -> String {
    let scheme = url.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let authority = url.authority().map_or("", |it| it.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}{host}{}", url.path())
}

/// The TLS error that an io error was made of: its `source` skips that one, and io errors are made of io errors.
pub(crate) fn within(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner.downcast_ref::<rustls::Error>().or_else(|| within(inner.downcast_ref::<io::Error>()?))
}

/// The guard's refusal, if that is what the error is.
pub(crate) fn refused(error: &io::Error) -> Option<Error> {
    error.get_ref()?.downcast_ref::<Refused>().cloned().map(Error::Refused)
}

/// What is wrong with the other side, and what helps.
pub(crate) fn told(error: &rustls::Error, no_roots: bool) -> String {
    let rustls::Error::InvalidCertificate(wrong) = error else { return error.to_string() };
    match wrong {
        CertificateError::UnknownIssuer if no_roots => {
            "this machine has no certificate authorities: install its package ca-certificates, or name a file of them \
             in SSL_CERT_FILE"
                .into()
        }
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that this machine does not know: if it is your own, name its file in \
             SSL_CERT_FILE"
                .into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or this machine's clock is wrong".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is another host's".into()
        }
        other => format!("its certificate is refused ({other})"),
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            // It was answered, and would be so again.
            Error::Url(_) | Error::User(_) | Error::TooLong(..) => Self::invalid(text),
            Error::Refused(_) => Self::new(ErrorKind::Denied, text),
            Error::Connect { .. } | Error::Untrusted { .. } | Error::Broken(..) | Error::Late { .. } => {
                Self::unavailable(text)
            }
        }
    }
}
