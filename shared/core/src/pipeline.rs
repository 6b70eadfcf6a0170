//! What ingest takes and what it answers.

use std::net::IpAddr;

use bytes::Bytes;
use serde::Serialize;

use crate::delivery::Headers;

/// One webhook request as it came in.
#[derive(Clone)]
pub struct Request {
    /// The source's name: the last segment of the URL.
    pub source: String,
    /// All headers.
    pub headers: Headers,
    /// The raw bytes.
    pub body: Bytes,
    /// Who sent it; behind a trusted proxy, whom the proxy names.
    pub peer: IpAddr,
}

/// The answer to a delivery that is safe now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// The delivery's id.
    pub id: String,
    /// Its entity session.
    pub session: String,
    /// Names of the subscriptions that it goes to.
    pub subscriptions: Vec<String>,
    /// Whether the same delivery was seen before.
    pub duplicate: bool,
}
