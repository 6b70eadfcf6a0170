//! Deliveries of a webhook, as GitHub remembers them for about three days: the list, one of them, and to ask for it again.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use pointsman_core::port::{ErrorKind, PortError};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    Github, HookDelivery, RepositoryInfo, Slug, ask::Ask, cache::Keep, client::Auth, pages::Cap, path,
};

/// An organisation's list of repositories is read no further.
const CAP: Cap = Cap { pages: 200, of: "more than 20,000 repositories are not looked at" };

/// Whose webhook it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookPlace {
    /// The App's own.
    App,
    /// A repository's.
    Repository {
        /// The repository.
        slug: Slug,
        /// The webhook's number.
        hook: u64,
    },
    /// An organisation's.
    Organisation {
        /// The organisation.
        login: String,
        /// The webhook's number.
        hook: u64,
    },
}

impl HookPlace {
    /// The webhook's number (X-GitHub-Hook-ID), where it is known beforehand.
    pub fn hook(&self) -> Option<u64> {
        match self {
            Self::App => None,
            Self::Repository { hook, .. } | Self::Organisation { hook, .. } => Some(*hook),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::App => "/app/hook/deliveries".into(),
            Self::Repository { slug, hook } => {
                let (owner, name) = (path::segment(slug.owner()), path::segment(slug.name()));
                format!("/repos/{owner}/{name}/hooks/{hook}/deliveries")
            }
            Self::Organisation { login, hook } => {
                format!("/orgs/{}/hooks/{hook}/deliveries", path::segment(login))
            }
        }
    }
}

impl fmt::Display for HookPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Repository { slug, hook } => write!(f, "{slug}/{hook}"),
            Self::Organisation { login, hook } => write!(f, "{login}/{hook}"),
        }
    }
}

/// One page of the list, newest first.
#[derive(Debug)]
pub struct HookPage {
    /// Tries, several of one delivery among them.
    pub deliveries: Vec<HookDelivery>,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// One delivery with what was sent.
#[derive(Debug)]
pub struct SentDelivery {
    /// Its number.
    pub id: u64,
    /// X-GitHub-Delivery.
    pub guid: String,
    /// X-GitHub-Event.
    pub event: String,
    /// The request's headers.
    pub headers: Vec<(String, String)>,
    /// GitHub's rendering of the payload, which are not the bytes that were signed. None: GitHub has it no more.
    pub payload: Option<Bytes>,
}

/// A webhook's deliveries, asked for at the client's pace.
#[derive(Debug)]
pub struct Deliveries {
    github: Github,
    place: HookPlace,
    wrote: Mutex<Option<Timestamp>>,
}

impl Github {
    /// The deliveries of this webhook.
    #[must_use]
    pub fn deliveries(&self, place: HookPlace) -> Deliveries {
        Deliveries { github: self.clone(), place, wrote: Mutex::default() }
    }

    /// All repositories of an organisation that the token sees.
    pub async fn organisation_repositories(&self, login: &str) -> Result<Vec<RepositoryInfo>, PortError> {
        let ask = Ask::get(format!("/orgs/{}/repos", path::segment(login)))
            .query(&[("per_page", "100".into()), ("type", "all".into())]);
        self.all(&self.given(login)?, ask, Keep::Tagged, CAP).await
    }
}

impl Deliveries {
    /// Whose they are.
    pub fn place(&self) -> &HookPlace {
        &self.place
    }

    /// A hundred of the list: the newest, or those where the page before said that it goes on.
    pub async fn page(&self, next: Option<&str>) -> Result<HookPage, PortError> {
        let ask = match next {
            Some(next) => Ask::get(next),
            None => Ask::get(self.place.path()).query(&[("per_page", "100".into())]),
        };
        let answer = self.github.send(&self.auth()?, &ask, None).await?;
        let deliveries = self.github.read(&ask, answer.body())?;
        Ok(HookPage { deliveries, next: self.github.next(&ask, answer.headers())? })
    }

    /// One, by its number. `NotFound`: GitHub has it no more.
    pub async fn one(&self, id: u64) -> Result<SentDelivery, PortError> {
        let ask = Ask::get(format!("{}/{id}", self.place.path()));
        let answer = self.github.send(&self.auth()?, &ask, None).await?;
        let Form { id, guid, event, request } = self.github.read(&ask, answer.body())?;
        let Sent { headers, payload } = request.unwrap_or_default();
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        let headers = headers.unwrap_or_default().into_iter().filter_map(text).collect();
        let payload = payload.filter(|raw| !matches!(raw.get(), "null" | "{}" | "\"\""));
        let payload = payload.map(|raw| Bytes::from(Box::<str>::from(raw).into_string()));
        Ok(SentDelivery { id, guid, event, headers, payload })
    }

    /// Asks GitHub to send it again. `NotFound`: it has it no more. Not sooner after the last time than GitHub asks for.
    pub async fn redeliver(&self, id: u64) -> Result<(), PortError> {
        let wrote = *self.wrote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrote) = wrote {
            let since = self.github.now().duration_since(wrote).unsigned_abs();
            self.github.sleep(self.github.pace().between_writes.saturating_sub(since)).await;
        }
        let ask = Ask::new(Method::POST, format!("{}/{id}/attempts", self.place.path()));
        let answer = self.github.send(&self.auth()?, &ask, None).await;
        *self.wrote.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.github.now());
        answer.map(drop)
    }

    fn auth(&self) -> Result<Auth, PortError> {
        match &self.place {
            HookPlace::App => Ok(Auth::App),
            place => self.github.given(&place.to_string()),
        }
    }
}

impl Github {
    /// As whom an administrator of `place` asks.
    fn given(&self, place: &str) -> Result<Auth, PortError> {
        self.as_given().ok_or_else(|| {
            let message =
                format!("webhooks of {place} are shown to a token of an administrator, not to an App");
            PortError::new(ErrorKind::Invalid, message)
        })
    }
}

#[derive(Deserialize)]
struct Form {
    id: u64,
    #[serde(default)]
    guid: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    request: Option<Sent>,
}

#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    payload: Option<Box<RawValue>>,
}
