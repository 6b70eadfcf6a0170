//! Deliveries in the archive: read back as what they were, and found by their hour or their id.

mod find;
mod walk;

use bytes::Bytes;

pub use find::find;
pub use walk::{Hours, folders};

use crate::{
    delivery::{Delivery, DeliveryId, Headers, SourceName, long_hash, short_hash},
    event::{DIGEST, Envelope, Event},
    facts::Facts,
    pipeline,
    port::{Archive, Object, PortError},
    rules::{Dialect, Rules},
    session::Strategy,
};

/// How many rows one listing asks for.
pub const PAGE: usize = 1_000;

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
    pub fn new(key: &str, object: Object) -> Result<Self, PortError> {
        let (mut metadata, body) = (object.metadata, object.body);
        let mut own = |name: &str| metadata.remove(name);
        let (event, id, hook) = (own("pointsman-event"), own("pointsman-delivery"), own("pointsman-hook"));
        let received = own("pointsman-received").and_then(|text| text.parse().ok());
        let fetched = own("pointsman-origin").is_some_and(|origin| origin == "fetched");
        let headers: Headers = metadata.into_iter().collect();
        let payload = pipeline::payload(&headers, &body).unwrap_or_else(|_| body.clone());
        let lacks = |what: &str| PortError::invalid(format!("the archived object {key} lacks its {what}"));
        let mut delivery = Delivery {
            source: SourceName(key.split('/').nth(1).unwrap_or("-").into()),
            id: DeliveryId(id.ok_or_else(|| lacks("delivery id"))?),
            hook,
            event: event.ok_or_else(|| lacks("event"))?,
            received: received.ok_or_else(|| lacks("receive time"))?,
            headers,
            payload,
            variant: false,
            fetched,
            body,
        };
        let name = key.rsplit('/').next().unwrap_or_default();
        delivery.variant =
            name.strip_prefix(&delivery.name()) == Some(&format!(".{}", short_hash(&delivery.body)));
        if delivery.archive_key() != key {
            return Err(PortError::invalid(format!(
                "the archived object {key} calls itself {}: somebody else has put it there, and nothing is made of it",
                delivery.archive_key()
            )));
        }
        Ok(Self { key: key.to_owned(), delivery })
    }

    /// What the rules know of it; an unreadable payload is told as such.
    pub fn with_facts<T>(
        &self,
        rules: &Rules,
        look: impl FnOnce(&Facts, Event) -> T,
    ) -> Result<T, PortError> {
        let delivery = &self.delivery;
        let glance = rules.lens.read(&delivery.payload).map_err(|error| {
            PortError::invalid(format!("the payload of {} cannot be read", self.key)).caused_by(error)
        })?;
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
    let envelope = Envelope::read(&body)?;
    let (None, Some(key)) = (envelope.data(), envelope.attribute("dataref")) else {
        return Ok(body);
    };
    if !key.starts_with("deliveries/") {
        return Err(PortError::invalid(format!("the event's dataref {key} is no archived delivery")));
    }
    let object = archive.get(&key).await?;
    let headers: Headers = object.metadata.into_iter().collect();
    let payload = pipeline::payload(&headers, &object.body).map_err(|error| {
        PortError::invalid(format!("the archived delivery {key} has no payload")).caused_by(error)
    })?;
    if envelope.attribute(DIGEST).is_some_and(|digest| digest != long_hash(&payload)) {
        return Err(PortError::invalid(format!(
            "the archived delivery {key} is not what the event was made of: somebody has changed it since, and no handler sees it"
        )));
    }
    Ok(envelope.rewritten(None, Some(&payload)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{port::ErrorKind, tests::delivery};

    #[test]
    fn an_object_that_calls_itself_another_delivery_is_refused() {
        let own = delivery("push", "{}");
        let object = |metadata| Object { body: own.body.clone(), metadata };
        assert!(Stored::new(&own.archive_key(), object(own.metadata())).is_ok());
        let other = Delivery { id: DeliveryId("x-1".into()), ..own.clone() };
        let elsewhere = own.archive_key().replace("/github/", "/gitlab/").replace("42.", "43.");
        for (key, metadata) in [
            (own.archive_key(), other.metadata()),
            (elsewhere, own.metadata()),
            (own.archive_key().replace("/12/", "/13/"), own.metadata()),
            (format!("{}.00000000", own.archive_key()), own.metadata()),
        ] {
            let told = Stored::new(&key, object(metadata)).unwrap_err();
            assert!(told.kind == ErrorKind::Invalid && told.to_string().contains(&key), "{told}");
        }
    }
}
