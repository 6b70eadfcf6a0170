//! The one client: its connections are kept and shared, its TLS is rustls alone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{LOCATION, USER_AGENT},
};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use pointsman_core::{
    port::{Http, Named, PortError},
    telemetry,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

use crate::{Error, guard::Guard, resolve::Resolver};

/// So many redirects within a host are followed, and no more.
const REDIRECTS: usize = 3;
/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// How long, how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands. Default 10 s.
    pub connect: Duration,
    /// Until the whole answer is there, redirects and all. Default 30 s.
    pub total: Duration,
    /// The longest answer, in bytes. Default 16 MiB.
    pub longest: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_secs(30), longest: 16 << 20 }
    }
}

/// Connections to where one guard lets them go; those of another guard are never used for it.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    inner: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    pub(crate) resolver: Resolver,
}

/// Sends requests, over http and https, to public addresses; to private ones where the operator named the host ([`Named`]).
/// Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    public: Way,
    named: Way,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) limits: Limits,
    pub(crate) no_roots: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Client {
    /// A client that trusts the authorities that this machine trusts (`SSL_CERT_FILE`, `SSL_CERT_DIR`, else the
    /// system's own).
    pub fn new(limits: Limits) -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in found.errors {
            tracing::warn!(%error, "a certificate authority cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        Self::trusting(roots, limits)
    }

    /// A client that trusts these authorities and no others.
    pub fn trusting(roots: RootCertStore, limits: Limits) -> Self {
        Self::finding(roots, limits, Resolver::system)
    }

    /// The same with its own way to look names up.
    pub(crate) fn finding(
        roots: RootCertStore,
        limits: Limits,
        resolver: impl Fn(Guard) -> Resolver,
    ) -> Self {
        let no_roots = roots.is_empty();
        // The provider is named: no other crate's default, installed or not, changes what is spoken here.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let way = |guard| Way::new(resolver(guard), &tls, limits);
        let (public, named) = (way(Guard::Public), way(Guard::Named));
        Self { public, named, tls: Arc::new(tls), limits, no_roots }
    }

    /// What was named by the operator goes its own way.
    pub(crate) fn named(&self) -> &Way {
        &self.named
    }

    /// Sends a request with an absolute URL and reads the whole answer within `patience`.
    ///
    /// Of a GET, redirects within the host are followed; every other redirect is an answer.
    pub async fn exchange(
        &self,
        request: Request<Bytes>,
        patience: Duration,
    ) -> Result<Response<Bytes>, Error> {
        let (method, url, begun) = (request.method().clone(), request.uri().clone(), Instant::now());
        let answer = timeout(patience, self.follow(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::Late { url: url.clone(), patience }));
        let status = answer.as_ref().map(Response::status).map_err(Error::label);
        telemetry::exchanged(&method, url.host().unwrap_or_default(), status, begun.elapsed());
        answer
    }

    async fn follow(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let agent = HeaderValue::from_static(concat!("pointsman/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().entry(USER_AGENT).or_insert(agent);
        for _ in 0..REDIRECTS {
            let answer = self.once(request.clone()).await?;
            match within(&request, &answer) {
                Some(next) => *request.uri_mut() = next,
                None => return Ok(answer),
            }
        }
        self.once(request).await
    }

    async fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let url = request.uri().clone();
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none_or(str::is_empty) {
            return Err(Error::Url(url));
        }
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::User(url.host().unwrap_or_default().to_owned()));
        }
        let named = request.extensions().get::<Named>().is_some();
        let way = if named { &self.named } else { &self.public };
        // Asked for each hop: the connector asks nobody about an address.
        way.resolver.literal(url.host().unwrap_or_default())?;
        let sent = way.inner.request(request.map(Full::new)).await;
        let (parts, body) = sent.map_err(|error| Error::of(&url, &error, self.no_roots))?.into_parts();
        let longest = self.limits.longest;
        if body.size_hint().lower() > longest as u64 {
            return Err(Error::TooLong(url, longest));
        }
        match Limited::new(body, longest).collect().await {
            Ok(read) => Ok(Response::from_parts(parts, read.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLong(url, longest)),
            Err(error) => Err(Error::Broken(url, error.to_string())),
        }
    }
}

impl Way {
    fn new(resolver: Resolver, tls: &ClientConfig, limits: Limits) -> Self {
        let mut http = HttpConnector::new_with_resolver(resolver.clone());
        http.enforce_http(false);
        http.set_connect_timeout(Some(limits.connect));
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(https);
        Self { inner, resolver }
    }
}

#[async_trait]
impl Http for Client {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, PortError> {
        Ok(self.exchange(request, self.limits.total).await?)
    }
}

/// Where a GET's answer leads to, if it stays with the host that was asked: what was sent along is for nobody else.
fn within(request: &Request<Bytes>, answer: &Response<Bytes>) -> Option<Uri> {
    let followed = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    if request.method() != Method::GET || !followed {
        return None;
    }
    let (here, to) = (request.uri(), answer.headers().get(LOCATION)?.to_str().ok()?);
    let to: Uri = to.parse().ok()?;
    let mut next = to.into_parts();
    match (&next.scheme, &next.authority) {
        (None, None) => {
            next.scheme = here.scheme().cloned();
            next.authority = here.authority().cloned();
            // `//host/path` is another host; `a/b`, relative to the path, is not what servers of APIs write.
            let path = next.path_and_query.as_ref()?.as_str();
            (path.starts_with('/') && !path.starts_with("//")).then_some(())?;
        }
        (scheme, authority) if scheme.as_ref() == here.scheme() && authority.as_ref() == here.authority() => {
        }
        _ => return None,
    }
    Uri::from_parts(next).ok()
}
