//! The client: credentials, tries, and what an answer means.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use pointsman_core::{
    port::{Clock, ErrorKind, Http, PortError, Records, SecretRef, Secrets},
    release::errand::Place,
};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::{
    BaseUrl, Identity, Installation, Repository, Slug, app,
    ask::Ask,
    cache::Cache,
    limit, refusal,
    token::{Key, Tokens},
};

/// The ports that the client asks through.
#[derive(Clone)]
pub struct Ports {
    /// Sends the requests.
    pub http: Arc<dyn Http>,
    /// Keeps ETags and what never changes for a day. Without it they are kept in memory alone.
    pub records: Option<Arc<dyn Records>>,
    /// Tells the time, and sleeps between two writes.
    pub clock: Arc<dyn Clock>,
    /// Reads the App's key, or the token.
    pub secrets: Arc<dyn Secrets>,
}

/// How fast, how often. A wait of zero never sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// GitHub asks for a second between two writes. Default 1 s, never more.
    pub between_writes: Duration,
    /// Tries of a request that may be repeated. Default 3.
    pub tries: u32,
    /// Before the second try; twice as long before the third. Default 100 ms.
    pub before_retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { between_writes: Duration::from_secs(1), tries: 3, before_retry: Duration::from_millis(100) }
    }
}

impl Pace {
    /// Never sleeps: for tests and fakes.
    pub const UNHURRIED: Self =
        Self { between_writes: Duration::ZERO, tries: 3, before_retry: Duration::ZERO };
}

/// Who a request is sent as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Nobody, as a manifest's conversion asks for.
    Nobody,
    /// The App itself.
    App,
    /// One of its installations, for one repository or for looking at all.
    Installation(Key),
    /// Whose token we were given.
    Token(SecretRef),
}

/// GitHub, asked as one App or with one token. Cheap to clone.
#[derive(Clone)]
pub struct Github(Arc<Inner>);

struct Inner {
    identity: Identity,
    ports: Ports,
    pace: Pace,
    tokens: Tokens,
    cache: Cache,
    no_graphql: AtomicBool,
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}

impl Github {
    /// GitHub as `identity` sees it, at the usual pace.
    pub fn new(identity: impl Into<Identity>, ports: Ports) -> Self {
        Self::at_pace(identity, ports, Pace::default())
    }

    /// The same, at another pace.
    pub fn at_pace(identity: impl Into<Identity>, ports: Ports, pace: Pace) -> Self {
        let cache = Cache::new(ports.records.clone());
        let (tokens, no_graphql) = (Tokens::default(), AtomicBool::new(false));
        Self(Arc::new(Inner { identity: identity.into(), ports, pace, tokens, cache, no_graphql }))
    }

    /// Where GitHub is.
    pub fn base_url(&self) -> &BaseUrl {
        self.0.identity.base_url()
    }

    /// One of the App's installations, named by the number that events carry.
    #[must_use]
    pub fn installation(&self, id: u64) -> Installation {
        Installation::new(self.clone(), id)
    }

    /// The repository that an event names, as the App's installation there.
    pub fn at(&self, place: &Place) -> Result<Repository, PortError> {
        let slug: Slug = place.name.parse().map_err(PortError::invalid)?;
        Ok(self.installation(place.installation).repository(slug).known_as(place.node.as_deref()))
    }

    /// A repository, with the token that we were given. `Invalid` for an App: it asks as an installation.
    pub fn repository(&self, slug: Slug) -> Result<Repository, PortError> {
        let auth = self.as_given().ok_or_else(|| {
            PortError::invalid(format!(
                "an App sees {slug} through its installation there: ask for that first"
            ))
        })?;
        Ok(Repository::new(self.clone(), auth, slug))
    }

    /// As whom we ask without more ado; an App asks as itself or as an installation.
    pub(crate) fn as_given(&self) -> Option<Auth> {
        match &self.0.identity {
            Identity::Token { token, .. } => Some(Auth::Token(token.clone())),
            Identity::Nobody { .. } => Some(Auth::Nobody),
            Identity::App(_) => None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.ports.clock.now()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.ports.clock
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub(crate) fn no_graphql(&self) -> &AtomicBool {
        &self.0.no_graphql
    }

    /// Sends it as `auth`, and again with a new token if GitHub no longer takes the old one. 2xx and 304 come back.
    pub(crate) async fn send(
        &self,
        auth: &Auth,
        ask: &Ask,
        etag: Option<&str>,
    ) -> Result<Response<Bytes>, PortError> {
        let shown = ask.shown();
        let credential = self.credential(auth).await?;
        let mut response = self.tried(ask, &credential, etag).await?;
        if let (StatusCode::UNAUTHORIZED, Auth::Installation(key), Some(old)) =
            (response.status(), auth, &credential)
        {
            self.tokens().forget(key, old);
            // A box: making a token sends, too.
            let new = Box::pin(self.credential(auth)).await?;
            response = self.tried(ask, &new, etag).await?;
        }
        limit::count(&response);
        refusal::judge(&shown, response, self.now())
    }

    async fn credential(&self, auth: &Auth) -> Result<Option<Zeroizing<String>>, PortError> {
        let secrets = &*self.0.ports.secrets;
        Ok(Some(match (auth, &self.0.identity) {
            (Auth::Nobody, _) => return Ok(None),
            (Auth::App, Identity::App(app)) => app::jwt(app, secrets, self.now()).await?,
            (Auth::App, _) => {
                let message = "this is asked as an App, and only a token is there: configure the App";
                return Err(PortError::invalid(message));
            }
            (Auth::Installation(key), _) => Box::pin(self.token(key)).await?,
            (Auth::Token(reference), _) => fixed(secrets, reference).await?,
        }))
    }

    /// Sends it; what may be repeated is, a few times and at once, when there was no answer or the server's trouble.
    async fn tried(
        &self,
        ask: &Ask,
        credential: &Option<Zeroizing<String>>,
        etag: Option<&str>,
    ) -> Result<Response<Bytes>, PortError> {
        let credential = credential.as_ref().map(|it| it.as_str());
        let tries = if ask.repeats() { self.pace().tries.max(1) } else { 1 };
        let mut wait = self.pace().before_retry;
        for _ in 1..tries {
            let request = ask.request(self.base_url(), credential, etag)?;
            match self.0.ports.http.send(request).await {
                Ok(response) if !response.status().is_server_error() => return Ok(response),
                Err(error) if error.kind != ErrorKind::Unavailable => return Err(error),
                Ok(_) | Err(_) => {}
            }
            self.sleep(wait).await;
            wait *= 2;
        }
        self.0.ports.http.send(ask.request(self.base_url(), credential, etag)?).await
    }

    pub(crate) async fn sleep(&self, wait: Duration) {
        if !wait.is_zero() {
            self.clock().sleep(wait.min(Duration::from_secs(1))).await;
        }
    }

    /// An answer as one of our models.
    pub(crate) fn read<T: DeserializeOwned>(&self, ask: &Ask, body: &[u8]) -> Result<T, PortError> {
        serde_json::from_slice(body).map_err(|error| {
            let message = format!("GitHub's answer to {} is not what it is documented to be", ask.shown());
            PortError::internal(message).caused_by(error)
        })
    }
}

async fn fixed(secrets: &dyn Secrets, reference: &SecretRef) -> Result<Zeroizing<String>, PortError> {
    let wrong =
        || PortError::invalid(format!("{reference} holds no token for GitHub: it is one line of text"));
    let token = secrets.get(reference).await?.into_iter().next().ok_or_else(wrong)?;
    let text = std::str::from_utf8(token.expose()).map_err(|_| wrong())?.trim();
    Ok(Zeroizing::new(text.to_owned()))
}
