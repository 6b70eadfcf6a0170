//! The Http port without TLS, for adapters' own tests: they meet fakes on loopback, and no other adapter.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use pointsman_core::port::{Http, PortError};

/// Sends in plain text, to this machine alone; what is https elsewhere, too: SDKs will have tokens go nowhere else.
#[derive(Debug, Clone)]
pub struct Plain(Client<HttpConnector, Full<Bytes>>);

impl Default for Plain {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

#[async_trait]
impl Http for Plain {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let (mut parts, body) = request.into_parts();
        if parts.uri.host() != Some("127.0.0.1") {
            return Err(PortError::invalid(format!("{} is not on this machine", parts.uri)));
        }
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(http::uri::Scheme::HTTP);
        parts.uri = Uri::from_parts(uri).map_err(|error| PortError::invalid(error.to_string()))?;
        let sent = self.0.request(Request::from_parts(parts, Full::new(body))).await;
        let (parts, body) = sent.map_err(|error| PortError::unavailable(error.to_string()))?.into_parts();
        let body = body.collect().await.map_err(|error| PortError::unavailable(error.to_string()))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}
