//! Deliveries in the archive: found by their hour or their id, and read back as what they were.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    delivery::{Delivery, DeliveryId, Headers, SourceName, short_hash},
    event::Event,
    facts::Facts,
    pipeline,
    port::{Archive, Object, PortError},
    rules::{Dialect, Rules},
    session::Strategy,
};

/// How many rows one listing asks for.
pub const PAGE: usize = 1_000;
/// Sorts after everything that begins with the text before it and a `/`.
const AFTER_SLASH: char = '0';

/// Names one level below `prefix` (which ends with `/`), in order: a folder costs one look, whatever lies in it.
pub async fn folders(archive: &dyn Archive, prefix: &str) -> Result<Vec<String>, PortError> {
    let (mut names, mut after) = (Vec::new(), None::<String>);
    while let Some(row) = archive.list(prefix, after.as_deref(), 1).await?.into_iter().next() {
        let rest = &row.key[prefix.len()..];
        match rest.split_once('/') {
            Some((name, _)) => {
                after = Some(format!("{prefix}{name}{AFTER_SLASH}"));
                names.push(name.to_owned());
            }
            None => after = Some(row.key.clone()),
        }
    }
    Ok(names)
}

/// A delivery as the archive has it.
#[derive(Debug)]
pub struct Stored {
    /// Its key.
    pub key: String,
    /// As it was taken in.
    pub delivery: Delivery,
}

impl Stored {
    /// Reads it back.
    pub fn new(key: &str, object: Object) -> Result<Self> {
        let (mut metadata, body) = (object.metadata, object.body);
        let mut own = |name: &str| metadata.remove(name);
        let (event, id, hook) = (own("pointsman-event"), own("pointsman-delivery"), own("pointsman-hook"));
        let received = own("pointsman-received").and_then(|text| text.parse().ok());
        let headers: Headers = metadata.into_iter().collect();
        let payload = pipeline::payload(&headers, &body).unwrap_or_else(|_| body.clone());
        let lacks = |what: &str| format!("the archived object {key} lacks its {what}");
        let mut delivery = Delivery {
            source: SourceName(key.split('/').nth(1).unwrap_or("-").into()),
            id: DeliveryId(id.with_context(|| lacks("delivery id"))?),
            hook,
            event: event.with_context(|| lacks("event"))?,
            received: received.with_context(|| lacks("receive time"))?,
            headers,
            payload,
            variant: false,
            body,
        };
        let name = key.rsplit('/').next().unwrap_or_default();
        delivery.variant =
            name.strip_prefix(&delivery.name()) == Some(&format!(".{}", short_hash(&delivery.body)));
        Ok(Self { key: key.to_owned(), delivery })
    }

    /// What the rules know of it; an unreadable payload is told as such.
    pub fn with_facts<T>(&self, rules: &Rules, look: impl FnOnce(&Facts, Event) -> T) -> Result<T> {
        let delivery = &self.delivery;
        let glance =
            rules.lens.read(&delivery.payload).with_context(|| format!("{} cannot be read", self.key))?;
        let dialect = rules.sources.get(&*delivery.source.0).map(|source| &source.dialect);
        let generic = match dialect {
            Some(Dialect::Generic { session, .. }) => Some(session.as_deref()),
            None if delivery.headers.get("x-github-event").is_none() => Some(None),
            _ => None,
        };
        Ok(match generic {
            Some(session) => {
                let facts = Facts::generic(delivery, &glance, session);
                let event = Event::generic(&facts);
                look(&facts, event)
            }
            None => {
                let facts = Facts::new(delivery, &glance);
                let event = Event::github(&facts);
                look(&facts, event)
            }
        })
    }

    /// Its session by the `entity` strategy.
    pub fn session(facts: &Facts) -> String {
        Strategy::Entity.session(facts).map(|session| session.to_string()).unwrap_or_default()
    }
}

/// The event of a message, its `data` fetched from the archive where only a reference came along.
pub async fn whole(archive: &dyn Archive, body: Bytes) -> Result<Bytes, PortError> {
    let envelope = pointsman_core::event::Envelope::read(&body)?;
    let (None, Some(key)) = (envelope.data(), envelope.attribute("dataref")) else {
        return Ok(body);
    };
    let object = archive.get(&key).await?;
    let headers: Headers = object.metadata.into_iter().collect();
    let payload = pipeline::payload(&headers, &object.body).map_err(|error| {
        PortError::invalid(format!("the archived delivery {key} has no payload")).caused_by(error)
    })?;
    Ok(envelope.rewritten(None, Some(&payload)).into())
}

/// `{prefix}yyyy/mm/dd/hh/` of a source, newest first, one level at a time.
pub struct Hours<'a> {
    archive: &'a dyn Archive,
    since: Option<String>,
    root: usize,
    open: Vec<(String, u8)>,
}

impl<'a> Hours<'a> {
    /// The hours of one source that are not all before `since`.
    pub fn new(archive: &'a dyn Archive, source: &str, since: Option<Timestamp>) -> Self {
        let root = format!("deliveries/{source}/");
        let since = since.map(|at| at.strftime("%Y/%m/%d/%H/").to_string());
        Self { archive, since, root: root.len(), open: vec![(root, 0)] }
    }

    /// The next older hour's prefix.
    pub async fn next(&mut self) -> Result<Option<String>, PortError> {
        while let Some((prefix, level)) = self.open.pop() {
            if level == 4 {
                return Ok(Some(prefix));
            }
            for name in folders(self.archive, &prefix).await? {
                let below = format!("{prefix}{name}/");
                let place = &below[self.root..];
                let old = |since: &String| since.get(..place.len()).is_some_and(|since| place < since);
                if !self.since.as_ref().is_some_and(old) {
                    self.open.push((below, level + 1));
                }
            }
        }
        Ok(None)
    }
}
