//! The real HTTP client, with GitHub's OpenAPI document looking at what goes through it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use pointsman_core::port::{Http, PortError};
use pointsman_fake_github::Exchange;
use pointsman_http::Client;
use pointsman_tests::openapi::{template, wrong};

/// Judges our requests; keeps what was written, and what the answers lack.
#[derive(Default)]
pub struct Judged {
    client: Client,
    writes: Mutex<Vec<String>>,
    faults: Mutex<BTreeSet<String>>,
    odd: Mutex<BTreeSet<String>>,
}

impl Judged {
    /// What was written since the last time: `POST .../git/trees 201`.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was wrong with our requests.
    pub fn faults(&self) -> BTreeSet<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is odd in the answers: emulate's own affair.
    pub fn odd(&self) -> BTreeSet<String> {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(&self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let path = request.uri().path();
        let template = template(request.method(), path);
        let found = wrong(&Exchange { request, response, template });
        let template = template.unwrap_or(path);
        let name = format!("{} {} {}", request.method(), template, response.status().as_u16());
        let told = |it: String| format!("{name}: {it}");
        let lock = |set: &Mutex<BTreeSet<String>>, what: Vec<String>| {
            set.lock().unwrap_or_else(PoisonError::into_inner).extend(what.into_iter().map(told));
        };
        lock(&self.faults, found.request);
        lock(&self.odd, found.answer);
        if request.method() != Method::GET && !template.ends_with("/access_tokens") {
            let name = name.replace("/repos/{owner}/{repo}", "");
            self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
    }
}

#[async_trait]
impl Http for Judged {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        let response = self.client.send(request.clone()).await?;
        self.judge(&request, &response);
        Ok(response)
    }
}
