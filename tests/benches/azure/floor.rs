//! The floor under a warm webhook: the four calls that it makes of Azure's services, sent bare, by the same HTTP client and
//! over the same TLS as the program's own.

use std::{
    fs,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use pointsman_core::port::{Http as _, Named};
use pointsman_http::{Client, Limits};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::json;

use crate::{cloud::Cloud, identity};

/// The services, and who we are to them.
pub struct Floor {
    client: Client,
    account: String,
    bus: String,
    authorization: String,
}

impl Floor {
    /// Those of a system.
    pub fn of(cloud: &Cloud) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(cloud.folder.path().join("ca.pem")).unwrap();
        roots.add(authority).unwrap();
        let config = fs::read_to_string(cloud.folder.path().join("azure/pointsman.yaml")).unwrap();
        let account = config.split("account: '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        Self {
            client: Client::trusting(roots, Limits::default()),
            account: account.to_owned(),
            bus: format!("http://{}/pointsman-all/messages", cloud.bus.rest),
            authorization: format!("Bearer {}", identity::token()),
        }
    }

    /// Looks for a mark, keeps the bytes, sends them to the queue, writes the mark; how long all of it took.
    pub async fn calls(&self, nth: u32, body: &Bytes) -> Duration {
        let message = json!([{ "Body": String::from_utf8_lossy(body), "BrokerProperties":
            { "MessageId": format!("floor-{nth}"), "SessionId": "floor" } }]);
        let message = Bytes::from(message.to_string());
        let blob = [("x-ms-blob-type", "BlockBlob"), ("if-none-match", "*")];
        let kind = [("content-type", "application/vnd.microsoft.servicebus.json")];
        let mark = format!("{}/records/floor-{nth}", self.account);
        let object = format!("{}/archive/floor-{nth}", self.account);
        let begun = Instant::now();
        self.call(Method::GET, &mark, &[], &Bytes::new(), StatusCode::NOT_FOUND).await;
        self.call(Method::PUT, &object, &blob, body, StatusCode::CREATED).await;
        self.call(Method::POST, &self.bus, &kind, &message, StatusCode::CREATED).await;
        self.call(Method::PUT, &mark, &blob, &Bytes::from_static(b"{}"), StatusCode::CREATED).await;
        begun.elapsed()
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Bytes,
        expected: StatusCode,
    ) {
        let mut request = Request::builder().method(method).uri(url).extension(Named);
        request = request.header(header::AUTHORIZATION, &self.authorization);
        request = request.header("x-ms-version", "2025-11-05");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.send(request.body(body.clone()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), expected, "{url}: {}", String::from_utf8_lossy(answer.body()));
    }
}
