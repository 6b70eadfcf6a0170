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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use pointsman_embedded::{Options, Store};
    use pointsman_env::SystemClock;

    use super::*;

    async fn archive(keys: &[&str], content_type: &str, body: &str) -> (tempfile::TempDir, Arc<dyn Archive>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::new(Arc::new(SystemClock), "a test")).await.unwrap();
        let metadata = BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]);
        for key in keys {
            let object = Object { body: body.to_owned().into(), metadata: metadata.clone() };
            store.ports().archive.put_new(key, object).await.unwrap();
        }
        (folder, store.ports().archive)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hours_come_newest_first_and_end_where_they_are_too_old() {
        let hours =
            ["2024/12/31/23/", "2025/01/02/00/", "2025/01/02/09/", "2025/01/02/10/", "2025/11/01/00/"];
        let keys = hours.map(|hour| format!("deliveries/github/{hour}-.a"));
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.extend(["deliveries/git/2026/01/01/00/-.a", "deliveries/github-2/2026/01/01/00/-.a"]);
        let (_folder, archive) = archive(&keys, "application/json", "{}").await;
        assert_eq!(folders(&*archive, "deliveries/").await.unwrap(), ["git", "github-2", "github"]);
        let found = async |since: Option<&str>| {
            let mut walk = Hours::new(&*archive, "github", since.map(|at| at.parse().unwrap()));
            let mut found = Vec::new();
            while let Some(hour) = walk.next().await.unwrap() {
                found.push(hour.trim_start_matches("deliveries/github/").to_owned());
            }
            found
        };
        let newest_first: Vec<&str> = hours.into_iter().rev().collect();
        assert_eq!(found(None).await, newest_first);
        assert_eq!(found(Some("2025-01-02T09:59:00Z")).await, newest_first[..3]);
        assert_eq!(found(Some("2026-01-01T00:00:00Z")).await, newest_first[..0]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn data_that_came_by_reference_is_fetched_and_a_form_is_decoded() {
        let key = "deliveries/github/2025/01/01/00/-.a";
        let form = "payload=%7B%22n%22%3A+1.50%7D";
        let (_folder, archive) = archive(&[key], "application/x-www-form-urlencoded", form).await;
        let event = format!(r#"{{"dataref":"{key}","id":"a"}}"#);
        let fetched = whole(&*archive, event.into()).await.unwrap();
        assert_eq!(fetched, format!(r#"{{"dataref":"{key}","id":"a","data":{{"n": 1.50}}}}"#));
        let inline = Bytes::from(format!(
            r#"{{ "dataref": "{key}", "data":  [1,
 2] }}"#
        ));
        assert_eq!(whole(&*archive, inline.clone()).await.unwrap(), inline, "byte for byte");
    }
}
