//! The SDK's requests over the house's own HTTP client: one client, one TLS stack.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    Error,
    error::ErrorKind,
    http::{AsyncRawResponse, HttpClient, Request, StatusCode, headers::Headers, request::Body},
};
use pointsman_core::port::{self, Http};

/// The port as the SDK's transport.
pub(crate) struct OverPort(pub(crate) Arc<dyn Http>);

impl fmt::Debug for OverPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OverPort")
    }
}

#[async_trait]
impl HttpClient for OverPort {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else {
            return Err(Error::with_message(
                ErrorKind::Other,
                "a body that is a stream, which nobody here sends",
            ));
        };
        // Configuration and the platform name these hosts, which have private addresses in a virtual network.
        let mut sent = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.url().as_str())
            .extension(port::Named);
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        let sent = sent.body(body.clone()).map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        let answer = self.0.send(sent).await.map_err(|error| {
            let kind = match error.kind {
                port::ErrorKind::Unavailable => ErrorKind::Io,
                _ => ErrorKind::Other,
            };
            Error::with_message(kind, error.to_string())
        })?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let status = StatusCode::from(answer.status().as_u16());
        Ok(AsyncRawResponse::from_bytes(status, headers, answer.into_body()))
    }
}
