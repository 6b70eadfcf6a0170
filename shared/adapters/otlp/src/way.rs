//! Our client as OpenTelemetry's. Its exporters work on threads of their own, which have no runtime: the client works in ours.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use pointsman_core::port::{Http, Named};
use tokio::runtime::Handle;

#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) http: Arc<dyn Http>,
    pub(crate) runtime: Handle,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way")
    }
}

#[async_trait]
impl HttpClient for Way {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The operator names the receiver, which is often a neighbour.
        request.extensions_mut().insert(Named);
        let http = self.http.clone();
        Ok(self.runtime.spawn(async move { http.send(request).await }).await??)
    }
}
