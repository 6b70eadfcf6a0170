//! The event: a delivery as a CloudEvent 1.0 in structured JSON, its `data` the payload, byte for byte.
//!
//! The mapping is data (`data/events.json`: the CloudEvents GitHub adapter), and never refuses an event.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    delivery::{DeliveryId, long_hash},
    facts::Facts,
    port::{Body, PortError},
    session::Session,
    trace::Trace,
};

/// The version of this format: an older consumer reads what a newer intake sends.
pub const VERSION: &str = "1";

/// Of an event without `data`: the payload's SHA-256, by which whoever fetches it knows it again.
pub const DIGEST: &str = "datasha256";

/// A version 1 id older than this on arrival was sent before, or late: `cause: redelivered`.
pub const LATE: SignedDuration = SignedDuration::from_mins(2);

/// Not allowed in a URI-reference.
const URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[derive(Debug, Deserialize)]
struct Table {
    events: HashMap<String, Row>,
}

/// Where an event's attributes lie in its payload.
#[derive(Debug, Deserialize)]
struct Row {
    r#type: Vec<String>,
    source: Vec<String>,
    subject: Vec<String>,
    time: Vec<String>,
}

static TABLE: LazyLock<HashMap<String, Row>> = LazyLock::new(|| {
    let table: Table =
        serde_json::from_str(include_str!("../../data/events.json")).expect("a test reads the same file");
    table.events
});

/// Where the source is looked for when an event's own row names none.
const SOURCES: &[&str] =
    &["/repository/url", "/organization/url", "/installation/account/url", "/sender/url"];

/// Every pointer that the mapping may read.
pub(crate) fn pointers() -> impl Iterator<Item = &'static str> {
    let of_row =
        |row: &'static Row| [&row.r#type, &row.source, &row.subject, &row.time].into_iter().flatten();
    TABLE.values().flat_map(of_row).map(String::as_str).chain(SOURCES.iter().copied())
}

/// Why an event may come after younger ones of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// First seen more than two minutes after its id was made.
    Redelivered,
    /// Found by recover: GitHub had failed to hand it over, or it was stored and not sent.
    Recovered,
    /// Sent to a queue that could not be reached when it came in.
    Rerouted,
    /// Sent again from a dead-letter queue.
    Retried,
    /// Sent again from the archive because somebody asked for it.
    Replayed,
}

/// An event's attributes: all of the CloudEvent but `data`, and what differs by subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    specversion: &'static str,
    /// The delivery's id.
    pub id: String,
    /// What it happened to: the repository's API URL, mostly.
    pub source: String,
    /// `com.github.<event>[.<action>]`.
    pub r#type: String,
    /// What it is about within the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened, as far as the payload tells, else when it was received.
    pub time: String,
    datacontenttype: &'static str,
    /// When intake received it.
    pub recordedtime: Timestamp,
    /// 19 digits that sort by time: ticks of 100 ns since 1582-10-15, from the id or the receive time.
    pub sequence: String,
    /// Where the raw delivery lies in the archive.
    pub dataref: String,
    /// The W3C trace that it belongs to, and the span in which it was taken in.
    pub traceparent: String,
    /// The App installation, in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<String>,
    /// The configured source that it came in by.
    pub sourcename: String,
    /// Why it may be late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// `fetched`: `data` is GitHub's rendering, not the raw bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'static str>,
    pointsmanversion: &'static str,
}

impl Event {
    /// Maps a delivery of GitHub's.
    pub fn github(facts: &Facts) -> Self {
        let (glance, event) = (&facts.glance, facts.delivery.event.as_str());
        let row = TABLE.get(event);
        let first = |of: fn(&Row) -> &Vec<String>| row.and_then(|row| glance.first(of(row)));
        let mut kind = format!("com.github.{event}");
        match row {
            Some(row) => row
                .r#type
                .iter()
                .filter_map(|pointer| glance.text(pointer))
                .for_each(|part| append(&mut kind, &part)),
            None => facts.action.iter().for_each(|action| append(&mut kind, action)),
        }
        let source =
            first(|row| &row.source).or_else(|| SOURCES.iter().find_map(|pointer| glance.text(pointer)));
        let source = source.unwrap_or("https://github.com".into());
        Self::new(facts, kind, &source, first(|row| &row.subject), first(|row| &row.time))
    }

    /// Maps a delivery of any other sender: `pointsman.<source>.<event>` of `/webhooks/<source>`.
    pub fn generic(facts: &Facts) -> Self {
        let delivery = facts.delivery;
        let kind = format!("pointsman.{}.{}", delivery.source, delivery.event);
        Self::new(facts, kind, &format!("/webhooks/{}", delivery.source), None, None)
    }

    fn new(
        facts: &Facts,
        kind: String,
        source: &str,
        subject: Option<Cow<'_, str>>,
        time: Option<Cow<'_, str>>,
    ) -> Self {
        let delivery = facts.delivery;
        let late = |made: Timestamp| delivery.received.duration_since(made) > LATE;
        Self {
            specversion: "1.0",
            id: delivery.event_id(),
            source: utf8_percent_encode(source, URI).to_string(),
            r#type: kind,
            subject: subject.map(Cow::into_owned),
            time: time.and_then(|text| rfc3339(&text)).unwrap_or_else(|| delivery.received.to_string()),
            datacontenttype: "application/json",
            recordedtime: delivery.received,
            sequence: format!(
                "{:019}",
                delivery.id.ticks().unwrap_or_else(|| DeliveryId::ticks_of(delivery.received))
            ),
            dataref: delivery.archive_key(),
            traceparent: Trace::of(&delivery.headers, &delivery.source.0, &delivery.name())
                .header()
                .to_owned(),
            installation: facts.glance.text("/installation/id").map(Cow::into_owned),
            sourcename: delivery.source.to_string(),
            cause: delivery.id.time().filter(|made| late(*made)).map(|_| Cause::Redelivered),
            origin: delivery.fetched.then_some("fetched"),
            pointsmanversion: VERSION,
        }
    }

    /// The attributes as text, for conditions.
    pub fn attributes(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut all = vec![
            ("specversion", self.specversion.into()),
            ("id", self.id.as_str().into()),
            ("source", self.source.as_str().into()),
            ("type", self.r#type.as_str().into()),
            ("time", self.time.as_str().into()),
            ("datacontenttype", self.datacontenttype.into()),
            ("recordedtime", self.recordedtime.to_string().into()),
            ("sequence", self.sequence.as_str().into()),
            ("dataref", self.dataref.as_str().into()),
            ("traceparent", self.traceparent.as_str().into()),
            ("sourcename", self.sourcename.as_str().into()),
            ("pointsmanversion", self.pointsmanversion.into()),
        ];
        all.extend(self.subject.as_deref().map(|subject| ("subject", subject.into())));
        all.extend(self.installation.as_deref().map(|id| ("installation", id.into())));
        all.extend(self.cause.map(|cause| ("cause", cause.as_str().into())));
        all.extend(self.origin.map(|origin| ("origin", origin.into())));
        all
    }

    /// The event as one subscription gets it: structured JSON, the payload last and untouched; without it (`inline`
    /// false) the consumer finds it by `dataref`.
    pub fn body(&self, session: Option<&Session>, payload: &Bytes, inline: bool) -> Body {
        let mut head = serde_json::to_vec(self).expect("strings and times are always JSON");
        head.pop();
        if let Some(session) = session {
            // Graphic ASCII, so that only quotes and backslashes need escaping.
            let session = serde_json::to_string(session).expect("a string is always JSON");
            head.extend_from_slice(format!(r#","session":{session},"partitionkey":{session}"#).as_bytes());
        }
        if !inline {
            head.extend_from_slice(format!(r#","{DIGEST}":"{}"}}"#, long_hash(payload)).as_bytes());
            return head.into();
        }
        head.extend_from_slice(br#","data":"#);
        Body { head: head.into(), shared: payload.clone(), tail: Bytes::from_static(b"}") }
    }
}

impl Cause {
    /// As the attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redelivered => "redelivered",
            Self::Recovered => "recovered",
            Self::Rerouted => "rerouted",
            Self::Retried => "retried",
            Self::Replayed => "replayed",
        }
    }
}

fn append(kind: &mut String, part: &str) {
    kind.push('.');
    kind.push_str(part);
}

/// An RFC 3339 time as it stands, whole seconds since 1970 as one; else nothing.
fn rfc3339(text: &str) -> Option<String> {
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok().map(|time| time.to_string());
    }
    let parsed: Timestamp = text.parse().ok()?;
    let exact = text.is_ascii()
        && text.len() >= 20
        && text.as_bytes()[10].eq_ignore_ascii_case(&b'T')
        && !text.contains('[');
    Some(if exact { text.to_owned() } else { parsed.to_string() })
}

/// A received event, split into its attributes and its data, without touching either.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Envelope<'b> {
    #[serde(borrow)]
    members: BTreeMap<Cow<'b, str>, &'b RawValue>,
}

impl<'b> Envelope<'b> {
    /// Reads a message's body.
    pub fn read(body: &'b [u8]) -> Result<Self, PortError> {
        serde_json::from_slice(body).map_err(|error| {
            PortError::invalid("the message is no CloudEvent in structured JSON").caused_by(error)
        })
    }

    /// An attribute's text.
    pub fn attribute(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.members.get(name)?.get()).ok()
    }

    /// The payload, where it came along.
    pub fn data(&self) -> Option<&'b str> {
        self.members.get("data").map(|data| data.get())
    }

    /// The same event with another cause and, where given, this payload.
    pub fn rewritten(&self, cause: Option<Cause>, data: Option<&[u8]>) -> Vec<u8> {
        let mut out = vec![b'{'];
        let mut member = |name: &str, value: &[u8]| {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(serde_json::to_string(name).expect("a string is always JSON").as_bytes());
            out.push(b':');
            out.extend_from_slice(value);
        };
        for (name, value) in &self.members {
            // With its data an event needs no digest of it.
            if (name == DIGEST && data.is_some()) || name == "data" {
                continue;
            }
            if name != "cause" || cause.is_none() {
                member(name, value.get().as_bytes());
            }
        }
        if let Some(cause) = cause {
            member("cause", format!("\"{}\"", cause.as_str()).as_bytes());
        }
        if let Some(data) = data.or_else(|| self.data().map(str::as_bytes)) {
            member("data", data);
        }
        out.push(b'}');
        out
    }
}

#[cfg(test)]
mod tests;
