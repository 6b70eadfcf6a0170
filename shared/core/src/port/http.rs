//! Outbound HTTP: one request, one whole answer.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use super::PortError;

/// Marks a request (as an extension) whose host the operator named, in the configuration or on the command line: such a
/// host may have a private address. Every other host must have a public one; no host has a link-local one, which is where
/// clouds hand out credentials, unless it was named by that very address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named;

/// Sends requests. The adapter has the connections, TLS, the time limits and the size caps.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends a request with an absolute URL and reads the whole answer. Every status is an answer, also a redirect to
    /// another host (one within the host is followed for GET). `Unavailable`: no answer, and nobody knows whether the
    /// request took effect. `Invalid`: it can never be sent as it is. `Denied`: it would go to an address that it may not go
    /// to (see [`Named`]).
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError>;
}
