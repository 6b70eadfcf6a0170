//! A delivery: one webhook request as received, and the names that it goes by.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Everything that could mean something to a path is escaped: an id can never leave its folder.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Ids longer than this are cut in keys and closed with a hash.
const LONGEST: usize = 128;

/// How far a version 1 id's own time may lie from the receive time and still be believed.
const BACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(8 * 24);
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// 100-ns ticks between 1582-10-15 (the epoch of version 1 UUIDs) and 1970-01-01.
const GREGORIAN: i128 = 0x01B2_1DD2_1381_4000;

/// Headers that are never kept, whatever the source.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-gitlab-token",
];

/// What the archive keeps of its own begins so: no sender's header does.
const OWN: &str = "pointsman-";

/// Names, in the archive, the delivery beside which this one is kept: raw bytes that came after GitHub's rendering of them
/// was fetched. It is no event of its own.
pub const BESIDE: &str = "pointsman-beside";

/// Header names (lower-cased) and values, in the order they came. Clones share them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Arc<Vec<(String, String)>>);

impl Headers {
    /// The first value of this header; `name` in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All but those that carry a credential or a signature (these, and what is known to be one), and those that say what
    /// only the archive may.
    #[must_use]
    pub fn without(self, names: &[&str]) -> Self {
        let kept =
            |name: &str| !CREDENTIALS.contains(&name) && !names.contains(&name) && !name.starts_with(OWN);
        let mut pairs = Arc::unwrap_or_clone(self.0);
        pairs.retain(|(name, _)| kept(name));
        Self(pairs.into())
    }

    /// As an object's metadata.
    pub fn to_metadata(&self) -> BTreeMap<String, String> {
        self.0.iter().cloned().collect()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let lower = |(name, value): (N, V)| (name.as_ref().to_ascii_lowercase(), value.into());
        Self(Arc::new(pairs.into_iter().map(lower).collect()))
    }
}

/// The name of a source, as configured: the last segment of its URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(pub Arc<str>);

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sender's id of a delivery. A claim: no signature covers it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryId(pub String);

impl DeliveryId {
    /// The 60-bit time of a version 1 UUID, in ticks of 100 ns since 1582-10-15.
    pub fn ticks(&self) -> Option<u64> {
        let id = uuid::Uuid::try_parse(&self.0).ok()?;
        (id.get_version_num() == 1).then(|| id.get_timestamp().map(|time| time.to_gregorian().0))?
    }

    /// A time on the same scale, for ids that have none.
    pub fn ticks_of(time: Timestamp) -> u64 {
        u64::try_from(time.as_nanosecond() / 100 + GREGORIAN).unwrap_or(0)
    }

    /// When a version 1 id was made.
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond((i128::from(self.ticks()?) - GREGORIAN) * 100).ok()
    }

    /// As part of a key.
    pub fn escaped(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.0.len() <= LONGEST && self.0.bytes().all(plain) {
            return self.0.clone();
        }
        let text = utf8_percent_encode(&self.0, KEY).to_string();
        if text.len() <= LONGEST {
            text
        } else {
            format!("{}-{}", &text[..LONGEST], short_hash(self.0.as_bytes()))
        }
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.escaped())
    }
}

/// The first eight hexadecimal digits of the SHA-256.
pub fn short_hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..4])
}

/// The SHA-256 in hexadecimal.
pub fn long_hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `{folder}/{source}/{yyyy}/{mm}/{dd}/{hh}/{name}`.
pub fn keyed_by_hour(folder: &str, source: &SourceName, time: Timestamp, name: &str) -> String {
    let hour = time.to_zoned(TimeZone::UTC);
    let (year, month, day) = (hour.year(), hour.month(), hour.day());
    format!("{folder}/{source}/{year:04}/{month:02}/{day:02}/{:02}/{name}", hour.hour())
}

/// `{hook id or -}.{delivery id}`, escaped.
pub(crate) fn name(hook: Option<&str>, id: &str) -> String {
    let escaped = |id: &str| DeliveryId(id.into()).escaped();
    format!("{}.{}", hook.map_or("-".into(), escaped), escaped(id))
}

/// One webhook request, verified.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where it came in.
    pub source: SourceName,
    /// The sender's id of it.
    pub id: DeliveryId,
    /// Which of the sender's hooks sent it (X-GitHub-Hook-ID): two hooks send one id for one event.
    pub hook: Option<String>,
    /// The event's name (X-GitHub-Event), a claim like the id.
    pub event: String,
    /// When intake received it.
    pub received: Timestamp,
    /// Headers worth keeping: no credential, no signature.
    pub headers: Headers,
    /// The raw bytes, as signed.
    pub body: Bytes,
    /// The JSON payload: the body itself, or the decoded `payload` field of a form.
    pub payload: Bytes,
    /// Its bytes are not those that came first under this id: it is kept as a delivery of its own.
    pub variant: bool,
    /// It was fetched from GitHub's list of deliveries: the body is GitHub's rendering of the payload, and nobody signed
    /// these bytes.
    pub fetched: bool,
}

impl Delivery {
    /// `{hook id or -}.{delivery id}`, escaped; of a variant, with `.{sha8}` of its bytes.
    pub fn name(&self) -> String {
        let name = name(self.hook.as_deref(), &self.id.0);
        if self.variant { format!("{name}.{}", short_hash(&self.body)) } else { name }
    }

    /// The id under which consumers see it: the sender's, or of a variant the sender's with `.{sha8}`.
    pub fn event_id(&self) -> String {
        if self.variant { format!("{}.{}", self.id.0, short_hash(&self.body)) } else { self.id.0.clone() }
    }

    /// The time that its archive key is filed under: the id's own where it can be believed, so that a redelivery
    /// lands on the same key; else the receive time.
    pub fn filed(&self) -> Timestamp {
        let believed = |at: &Timestamp| {
            let age = self.received.duration_since(*at);
            age <= BACK && age >= -AHEAD
        };
        self.id.time().filter(believed).unwrap_or(self.received)
    }

    /// `deliveries/{source}/{yyyy}/{mm}/{dd}/{hh}/{name}`.
    pub fn archive_key(&self) -> String {
        keyed_by_hour("deliveries", &self.source, self.filed(), &self.name())
    }

    /// `routed/{source}/{name}`: where the routing mark lies.
    pub fn mark_key(&self) -> String {
        format!("routed/{}/{}", self.source, self.name())
    }

    /// What the archive keeps beside the bytes.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = self.headers.to_metadata();
        metadata.insert("pointsman-event".into(), self.event.clone());
        metadata.insert("pointsman-delivery".into(), self.id.0.clone());
        metadata.insert("pointsman-received".into(), self.received.to_string());
        if let Some(hook) = &self.hook {
            metadata.insert("pointsman-hook".into(), hook.clone());
        }
        if self.fetched {
            metadata.insert("pointsman-origin".into(), "fetched".into());
        }
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{ID, delivery};

    #[test]
    fn a_version_1_id_tells_its_time_and_any_other_none() {
        let time = |id: &str| DeliveryId(id.into()).time().map(|time| time.to_string());
        assert_eq!(time(ID).as_deref(), Some("2026-11-21T12:00:00Z"));
        for other in ["", "not-a-uuid", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"] {
            assert_eq!(time(other), None, "{other}");
        }
    }

    #[test]
    fn a_redelivery_lands_on_the_same_key_however_late_it_comes() {
        let mut delivery = delivery("push", "{}");
        let key = delivery.archive_key();
        assert_eq!(key, format!("deliveries/github/2026/11/21/12/42.{ID}"));
        delivery.received = "2026-11-29T11:00:00Z".parse().unwrap();
        assert_eq!(delivery.archive_key(), key);
        delivery.received = "2026-11-29T12:00:01Z".parse().unwrap();
        assert!(
            delivery.archive_key().starts_with("deliveries/github/2026/11/29/12/"),
            "8 days later it is not believed"
        );
        delivery.received = "2026-11-21T11:54:59Z".parse().unwrap();
        assert!(
            delivery.archive_key().starts_with("deliveries/github/2026/11/21/11/"),
            "nor 5 minutes ahead"
        );
    }

    #[test]
    fn an_id_can_never_leave_its_folder() {
        for id in ["../../etc/passwd", "a/b", "..", ".", "\\..\\", "%2e%2e", "a\0b", "ä", &"x".repeat(10_000)]
        {
            let mut delivery = delivery("push", "{}");
            delivery.id = DeliveryId(id.to_owned());
            delivery.hook = Some(id.to_owned());
            let key = delivery.archive_key();
            let name = key.strip_prefix("deliveries/github/2026/11/21/12/").unwrap();
            assert!(
                name.len() < 300 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_%.".contains(&b)),
                "{key}"
            );
            assert_eq!(name.matches('.').count(), 1, "{key}");
        }
    }

    #[test]
    fn a_variant_has_names_of_its_own() {
        let mut delivery = delivery("push", "{}");
        let (name, mark) = (delivery.name(), delivery.mark_key());
        delivery.variant = true;
        assert_eq!(delivery.name(), format!("{name}.44136fa3"));
        assert_ne!(delivery.mark_key(), mark);
        assert_eq!(delivery.event_id(), format!("{ID}.44136fa3"));
    }

    #[test]
    fn credentials_and_claims_that_are_ours_to_make_are_never_kept() {
        let headers: Headers =
            [("Authorization", "a"), ("X-Secret", "b"), ("X-Hub-Signature-256", "c"), ("Accept", "d")]
                .into_iter()
                .chain([("Pointsman-Origin", "fetched")])
                .collect();
        let kept = headers.without(&["x-secret"]);
        assert_eq!(kept.iter().collect::<Vec<_>>(), [("accept", "d")]);
    }
}
