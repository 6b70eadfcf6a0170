//! One request to be: what is asked, without who asks.

use bytes::Bytes;
use http::{Method, Request, header};
use pointsman_core::{
    port::{Named, PortError},
    trace::{self, TRACEPARENT},
};
use serde::Serialize;

use crate::{BaseUrl, path};

/// GitHub's API as it was on this day.
const VERSION: &str = "2022-11-28";
/// JSON, the usual.
pub(crate) const JSON: &str = "application/vnd.github+json";
/// A file's bytes as they are.
pub(crate) const RAW: &str = "application/vnd.github.raw+json";

/// A request without credentials.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub method: Method,
    /// A path with its query, or the whole URL of GraphQL or of a next page.
    pub target: String,
    /// The path of the first page: a next page's URL names a repository by its number.
    pub begins: String,
    pub body: Bytes,
    pub accept: &'static str,
}

impl Ask {
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        let target = target.into();
        let begins = target.split('?').next().unwrap_or_default().to_owned();
        Self { method, target, begins, body: Bytes::new(), accept: JSON }
    }

    pub fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    pub fn post(target: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(Method::POST, target).with(body)
    }

    pub fn patch(target: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(Method::PATCH, target).with(body)
    }

    pub fn delete(target: impl Into<String>) -> Self {
        Self::new(Method::DELETE, target)
    }

    pub fn query(mut self, pairs: &[(&str, String)]) -> Self {
        self.target.push_str(&path::query(pairs));
        self
    }

    pub fn raw(mut self) -> Self {
        self.accept = RAW;
        self
    }

    fn with(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).expect("our own types are JSON").into();
        self
    }

    /// Whether doing it twice is doing it once.
    pub fn repeats(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT | Method::DELETE)
    }

    pub fn url(&self, base: &BaseUrl) -> String {
        if self.target.starts_with('/') { format!("{base}{}", self.target) } else { self.target.clone() }
    }

    /// For people: method and path.
    pub fn shown(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    pub fn request(
        &self,
        base: &BaseUrl,
        credential: Option<&str>,
        etag: Option<&str>,
    ) -> Result<Request<Bytes>, PortError> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(self.url(base))
            .header(header::ACCEPT, self.accept)
            .header(header::USER_AGENT, concat!("pointsman/", env!("CARGO_PKG_VERSION")))
            .header("x-github-api-version", VERSION);
        if base.is_named() {
            request = request.extension(Named);
        }
        if let Some(credential) = credential {
            let mut value = header::HeaderValue::try_from(format!("Bearer {credential}")).map_err(|_| {
                PortError::invalid(
                    "the token for GitHub has characters in it that no token has: store it anew",
                )
            })?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(trace) = trace::current() {
            request = request.header(TRACEPARENT, trace.header());
        }
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(self.body.clone()).map_err(|error| {
            PortError::invalid(format!("{} cannot be sent to {base}", self.shown())).caused_by(error)
        })
    }
}
