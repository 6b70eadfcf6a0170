//! Outbound HTTP: one request, one whole answer.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use super::PortError;

/// Sends requests. The adapter has the connections, TLS, the time limits and the size caps.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends a request with an absolute URL and reads the whole answer. Every status is an answer, also a redirect to
    /// another host (one within the host is followed for GET). `Unavailable`: no answer, and nobody knows whether the
    /// request took effect. `Invalid`: it can never be sent as it is.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError>;
}
