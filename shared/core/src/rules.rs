//! The configuration compiled for the pipeline: sources with their secrets read, subscriptions with their patterns.

use std::{collections::BTreeMap, slice};

use async_trait::async_trait;
use ed25519_dalek::VerifyingKey;
use jiff::SignedDuration;

use crate::{
    config::{self, Config, Field, Timestamped, Verify},
    delivery::SourceName,
    entity, event, facts,
    pattern::List,
    payload::Lens,
    port::{PortError, Secret, SecretRef, Secrets},
    route::Router,
    verify::{Front, HmacRule, Place, Signed, Verifier},
};

/// All that intake decides by. Replaced whole when the configuration changes.
#[derive(Debug)]
pub struct Rules {
    /// What every request must show, wherever it goes.
    pub front: Option<Front>,
    /// By name.
    pub sources: BTreeMap<String, Source>,
    /// All subscriptions.
    pub router: Router,
    /// Sees every field that a rule names.
    pub lens: Lens,
    /// How long routing marks are kept.
    pub marks_kept: SignedDuration,
}

/// One sender of webhooks.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// How its requests are checked.
    pub verifier: Verifier,
    /// The events that are routed.
    pub events: List,
    /// The repositories that it may speak of.
    pub owns: List,
    /// The App that it is bound to.
    pub app: Option<u64>,
    /// What its requests look like.
    pub dialect: Dialect,
}

/// What a source's requests look like.
#[derive(Debug)]
pub enum Dialect {
    /// X-GitHub-Event, X-GitHub-Delivery, X-GitHub-Hook-ID, and the CloudEvents adapter's table.
    GitHub,
    /// By configuration.
    Generic {
        /// Where the event's name lies.
        event: Locator,
        /// Where the delivery's id lies; without one it is a hash of the body.
        delivery: Option<Locator>,
        /// Where the session lies.
        session: Option<String>,
    },
}

/// Where a value lies in a request.
#[derive(Debug)]
pub enum Locator {
    /// In this header (lower case).
    Header(String),
    /// At this JSON pointer.
    Pointer(String),
}

impl Rules {
    /// Compiles the configuration. It was checked before: an error here is a secret that cannot be read now, or a fault
    /// that the check missed.
    pub async fn load(config: &Config, secrets: &dyn Secrets) -> Result<Self, PortError> {
        let router = Router::new(&config.all_subscriptions()).map_err(PortError::invalid)?;
        let mut sources = BTreeMap::new();
        for (name, source) in &config.sources {
            sources.insert(name.clone(), Source::load(name, source, secrets).await?);
        }
        let front = match &config.front {
            Some(front) => {
                Some(Front::new(&front.header, read(slice::from_ref(&front.secret), secrets).await?))
            }
            None => None,
        };
        let mut lens =
            Lens::new(facts::POINTERS.iter().copied().chain(entity::pointers()).chain(event::pointers()));
        router.pointers().for_each(|pointer| lens.add(pointer));
        sources.values().flat_map(|source| source.dialect.pointers()).for_each(|pointer| lens.add(pointer));
        let marks_kept = SignedDuration::try_from(config.retention.records)
            .map_err(|error| PortError::invalid("retention.records is too long").caused_by(error))?;
        Ok(Self { front, sources, router, lens, marks_kept })
    }

    /// The same for who verifies nothing, and may not read the secrets: what came is not to be judged by these.
    pub async fn unverifying(config: &Config) -> Result<Self, PortError> {
        Self::load(config, &Unread).await
    }
}

/// Stands in for every secret where nothing is verified.
struct Unread;

#[async_trait]
impl Secrets for Unread {
    async fn get(&self, _: &SecretRef) -> Result<Vec<Secret>, PortError> {
        Ok(vec![Secret::new("not read")])
    }
}

impl Source {
    async fn load(name: &str, source: &config::Source, secrets: &dyn Secrets) -> Result<Self, PortError> {
        let list = |patterns: Vec<String>| {
            List::new(patterns.iter().map(String::as_str)).map_err(PortError::invalid)
        };
        Ok(Self {
            name: SourceName(name.into()),
            verifier: verifier(source, secrets).await?,
            events: list(source.events.clone())?,
            owns: list(source.owns.iter().map(|pattern| pattern.to_lowercase()).collect())?,
            app: source.app.as_ref().map(|app| app.id),
            dialect: dialect(source)?,
        })
    }
}

impl Dialect {
    fn pointers(&self) -> impl Iterator<Item = &str> {
        let (event, delivery, session) = match self {
            Self::GitHub => (None, None, None),
            Self::Generic { event, delivery, session } => {
                (Some(event), delivery.as_ref(), session.as_deref())
            }
        };
        [event, delivery].into_iter().flatten().filter_map(Locator::pointer).chain(session)
    }
}

impl Locator {
    fn pointer(&self) -> Option<&str> {
        if let Self::Pointer(pointer) = self { Some(pointer) } else { None }
    }
}

fn dialect(source: &config::Source) -> Result<Dialect, PortError> {
    if source.verify.is_none() {
        return Ok(Dialect::GitHub);
    }
    let locator = |field: &Field| match (&field.header, &field.pointer) {
        (Some(header), _) => Ok(Locator::Header(header.to_ascii_lowercase())),
        (None, Some(pointer)) => Ok(Locator::Pointer(pointer.clone())),
        (None, None) => Err(PortError::invalid("a field of a source names neither a header nor a pointer")),
    };
    let event =
        source.event.as_ref().ok_or_else(|| PortError::invalid("a source with `verify` has no `event`"))?;
    Ok(Dialect::Generic {
        event: locator(event)?,
        delivery: source.delivery.as_ref().map(locator).transpose()?,
        session: source.session.as_ref().map(|session| session.pointer.clone()),
    })
}

async fn verifier(source: &config::Source, secrets: &dyn Secrets) -> Result<Verifier, PortError> {
    let Some(verify) = &source.verify else {
        return Ok(Verifier::GitHub(read(&source.secrets, secrets).await?));
    };
    Ok(match verify {
        Verify::Hmac(hmac) => {
            let rule = HmacRule {
                header: hmac.header.to_ascii_lowercase(),
                algorithm: hmac.algorithm,
                encoding: hmac.encoding,
                prefix: hmac.prefix.clone(),
                signed: signed(hmac.signed.as_deref().unwrap_or("{body}"), hmac.timestamp.as_ref()),
            };
            Verifier::Hmac(rule, read(&hmac.secrets, secrets).await?)
        }
        Verify::Token { header, secrets: references } => {
            Verifier::Token(header.to_ascii_lowercase(), read(references, secrets).await?)
        }
        Verify::StandardWebhooks { secrets: references, tolerance } => {
            Verifier::StandardWebhooks(*tolerance, read(references, secrets).await?)
        }
        Verify::Ed25519 { header, public_keys, signed: template, timestamp } => {
            let usual = if timestamp.is_some() { "{timestamp}{body}" } else { "{body}" };
            Verifier::Ed25519 {
                header: header.to_ascii_lowercase(),
                signed: signed(template.as_deref().unwrap_or(usual), timestamp.as_ref()),
                keys: public_keys.iter().map(|key| public_key(key)).collect::<Result<_, _>>()?,
            }
        }
    })
}

async fn read(references: &[SecretRef], secrets: &dyn Secrets) -> Result<Vec<Secret>, PortError> {
    let mut all = Vec::new();
    for reference in references {
        all.extend(secrets.get(reference).await?);
    }
    if all.is_empty() {
        return Err(PortError::invalid("a source, or the front, has no secret: nothing could be verified"));
    }
    Ok(all)
}

fn signed(template: &str, timestamp: Option<&Timestamped>) -> Signed {
    let place = |stamp: &Timestamped| {
        let place = match (&stamp.header, &stamp.element) {
            (Some(header), _) => Place::Header(header.to_ascii_lowercase()),
            (None, element) => Place::Element(element.clone().unwrap_or_default()),
        };
        (place, stamp.tolerance)
    };
    Signed { template: template.to_owned(), timestamp: timestamp.map(place) }
}

/// An Ed25519 public key: 32 bytes in hexadecimal.
pub fn public_key(text: &str) -> Result<VerifyingKey, PortError> {
    let bytes = hex::decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or_else(|| PortError::invalid("a public key is no Ed25519 key: 32 bytes in hexadecimal"))
}
