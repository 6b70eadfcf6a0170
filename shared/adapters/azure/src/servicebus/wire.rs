//! A message as Service Bus carries it: its text, its session, its id, and one property that packs all of ours: what a
//! function's host makes of names and signs of others is its own affair.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use pointsman_core::{
    pack::{ATTRIBUTE, pack},
    port::{Message, PortError},
    session::Session,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Opens the session of a message without one: no session has a `%` that two digits do not follow.
const ALONE: &str = "%~";
/// The longest message id that Service Bus takes.
const LONGEST_ID: usize = 128;

/// Whether a function's host hands over these bytes as they are, as text: a text that is a JSON string, or begins with a
/// byte order mark, may come unwrapped. Others are carried in base64, which only this adapter undoes.
pub fn can_carry(body: &[u8]) -> bool {
    std::str::from_utf8(body)
        .is_ok_and(|text| !text.is_empty() && !text.trim_start().starts_with(['"', '\u{feff}']))
}

/// What is sent, as one entry of a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    body: String,
    broker_properties: Properties,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    user_properties: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    message_id: String,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_enqueue_time_utc: Option<String>,
}

impl Entry {
    /// The message as it is sent now, where a message may have so many bytes.
    pub(super) fn of(message: &Message, largest: usize, now: Timestamp) -> Result<Self, PortError> {
        if let (Some(_), Some(session)) = (message.delay, &message.session) {
            let why = format!("a message of the session `{session}` cannot be delayed");
            return Err(PortError::invalid(why));
        }
        Self::whenever(message, largest, now)
    }

    /// The same for a message that may come after later ones of its session.
    pub(super) fn whenever(message: &Message, largest: usize, now: Timestamp) -> Result<Self, PortError> {
        let (body, pack) = pack(message, can_carry);
        let message_id = id(&message.dedup_id);
        let session_id = match &message.session {
            Some(session) => session.as_str().to_owned(),
            None => format!("{ALONE}{}", hex::encode(&Sha256::digest(message_id.as_bytes())[..16])),
        };
        let scheduled_enqueue_time_utc = message.delay.map(|delay| due(now, delay)).transpose()?;
        let entry = Self {
            body,
            broker_properties: Properties { message_id, session_id, scheduled_enqueue_time_utc },
            user_properties: pack.to_text().map(|pack| (ATTRIBUTE, pack)).into_iter().collect(),
        };
        if entry.size() > largest {
            let message = format!(
                "a message of {} bytes is larger than the namespace takes ({largest}): send it by reference",
                entry.size()
            );
            return Err(PortError::invalid(message));
        }
        Ok(entry)
    }

    /// As Service Bus counts it, and some for the names of things.
    pub(super) fn size(&self) -> usize {
        let Properties { message_id, session_id, .. } = &self.broker_properties;
        let properties: usize =
            self.user_properties.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.body.len() + message_id.len() + session_id.len() + properties + 256
    }

    pub(super) fn session(&self) -> &str {
        &self.broker_properties.session_id
    }

    pub(super) fn id(&self) -> &str {
        &self.broker_properties.message_id
    }
}

/// REST takes whole seconds, never less than what was asked for.
fn due(now: Timestamp, delay: Duration) -> Result<String, PortError> {
    let far = |error: jiff::Error| PortError::invalid(format!("a delay of {delay:?}: {error}"));
    let at = now.checked_add(delay).map_err(far)?;
    let whole = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    let at = Timestamp::from_second(whole).map_err(far)?;
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).map_err(far)
}

/// A dedup id as Service Bus takes it; a fresh one where there is none.
fn id(dedup_id: &str) -> String {
    match dedup_id {
        "" => uuid::Uuid::new_v4().simple().to_string(),
        id if id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) => id.to_owned(),
        id => hex::encode(Sha256::digest(id.as_bytes())),
    }
}

/// The session that a session of Service Bus is.
pub(crate) fn session(name: Option<&str>) -> Option<Session> {
    name.filter(|name| !name.is_empty() && !name.starts_with(ALONE)).map(Session::from_key)
}

#[cfg(test)]
mod tests {
    use pointsman_core::port::ErrorKind;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 1);

    #[test]
    fn what_a_host_may_unwrap_is_not_carried_as_text() {
        for body in ["{\"a\": 1}\r\n\t", "żółw 🚂", "\0", "null", "12"] {
            assert!(can_carry(body.as_bytes()), "{body:?}");
        }
        for body in ["", "\"a\"", " \"a\"", "\u{feff}{}"] {
            assert!(!can_carry(body.as_bytes()), "{body:?}");
        }
        assert!(!can_carry(b"\xff"));
    }

    #[test]
    fn messages_without_a_session_share_one_only_with_their_duplicates() {
        let of = |id: &str| {
            let message = Message { dedup_id: id.to_owned(), ..Message::default() };
            Entry::of(&message, 1_000, NOW).expect("it can be sent").session().to_owned()
        };
        assert_eq!((of("a"), session(Some(&of("a")))), (of("a"), None));
        assert_ne!(of("a"), of("b"));
        assert_ne!(of(""), of(""));
    }

    #[test]
    fn a_delay_is_never_shorter_and_within_a_session_refused() {
        let delayed = Message { delay: Some(Duration::from_millis(1_500)), ..Message::default() };
        let entry = Entry::of(&delayed, 1_000, NOW).expect("it can be sent");
        let at = entry.broker_properties.scheduled_enqueue_time_utc.as_deref();
        assert_eq!(at, Some("Thu, 01 Jan 2026 00:00:02 GMT"));
        let ordered = Message { session: Some("s".into()), ..delayed };
        let large = Message { body: vec![b'a'; 1_000].into(), ..Message::default() };
        for message in [ordered, large] {
            let error = Entry::of(&message, 1_000, NOW).expect_err("it is refused");
            assert_eq!(error.kind, ErrorKind::Invalid);
        }
    }
}
