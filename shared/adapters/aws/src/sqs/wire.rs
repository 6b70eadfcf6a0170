//! A message as SQS carries it: its text, its group, and one attribute that packs all of ours (SQS takes ten at most, no
//! empty ones, and few signs in their names).

use std::time::Duration;

use pointsman_core::{
    pack::{ATTRIBUTE, pack},
    port::{Message, PortError},
    sending::Inline,
    session::Session,
};
use sha2::{Digest as _, Sha256};

/// The largest message and the largest batch, attributes and all.
pub(super) const LARGEST: usize = 1 << 20;
/// The longest delay.
const LATEST: Duration = Duration::from_secs(900);
/// Opens the group of a message without a session: no session has a `%` that two digits do not follow.
const ALONE: &str = "%~";
/// The longest dedup id that SQS takes as it is.
const LONGEST_ID: usize = 128;

/// An event that is longer than this, in bytes, is better sent by reference: SQS bills by 64 kB, attributes included.
const INLINE: usize = 60_000;

/// What is sent within a message; the rest is better sent by reference.
pub fn inline() -> Inline {
    Inline::new(INLINE, can_carry)
}

/// Whether SQS can carry these bytes as text. Others are carried in base64, which only this adapter undoes: who reads the
/// queue with other tools is better sent a reference.
fn can_carry(body: &[u8]) -> bool {
    let sign = |sign: char| matches!(sign, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    !body.is_empty() && std::str::from_utf8(body).is_ok_and(|text| text.chars().all(sign))
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) pack: Option<String>,
    /// On a FIFO queue: its group and dedup id.
    pub(super) place: Option<(String, String)>,
    /// In seconds.
    pub(super) delay: Option<i32>,
}

impl Entry {
    /// The message for a queue that keeps order, or for one that does not.
    pub(super) fn of(message: &Message, ordered: bool) -> Result<Self, PortError> {
        let delay = match (message.delay, &message.session) {
            (None, _) => None,
            (Some(_), Some(session)) => {
                return Err(PortError::invalid(format!(
                    "a message of the session `{session}` cannot be delayed"
                )));
            }
            (Some(_), None) if ordered => {
                let why =
                    "a FIFO queue of SQS cannot delay single messages: give its subscription `session: none`";
                return Err(PortError::invalid(why));
            }
            (Some(delay), None) if delay > LATEST => {
                return Err(PortError::invalid("SQS delays a message by 15 minutes at most"));
            }
            (Some(delay), None) => Some(seconds(delay)),
        };
        if let (Some(session), false) = (&message.session, ordered) {
            let why = format!(
                "a standard queue of SQS cannot keep the session `{session}` in order: make it a FIFO queue"
            );
            return Err(PortError::invalid(why));
        }
        let (text, pack) = pack(message, can_carry);
        let entry = Self { text, pack: pack.to_text(), place: ordered.then(|| place(message)), delay };
        if entry.size() > LARGEST {
            let message = format!("a message of {} bytes is larger than SQS takes ({LARGEST})", entry.size());
            return Err(PortError::invalid(message));
        }
        Ok(entry)
    }

    /// As SQS counts it.
    pub(super) fn size(&self) -> usize {
        let pack = self.pack.as_ref().map_or(0, |pack| ATTRIBUTE.len() + "String".len() + pack.len());
        self.text.len() + pack
    }
}

/// Whole seconds, never less.
pub(super) fn seconds(time: Duration) -> i32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

/// Group and dedup id. Without a session a message is alone in its group; of one dedup id always in the same, as SQS may
/// be told to look for duplicates within a group only.
fn place(message: &Message) -> (String, String) {
    let id = dedup_id(&message.dedup_id);
    let group = match &message.session {
        Some(session) => session.as_str().to_owned(),
        None => format!("{ALONE}{}", hex::encode(&Sha256::digest(id.as_bytes())[..16])),
    };
    (group, id)
}

/// A dedup id as SQS takes it; a fresh one where there is none.
pub(super) fn dedup_id(id: &str) -> String {
    match id {
        "" => uuid::Uuid::new_v4().simple().to_string(),
        id if id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) => id.to_owned(),
        id => hex::encode(Sha256::digest(id.as_bytes())),
    }
}

/// The session of a group.
pub(super) fn session(group: Option<&String>) -> Option<Session> {
    group.filter(|group| !group.starts_with(ALONE)).map(|group| Session::from_key(group.as_str()))
}

#[cfg(test)]
mod tests {
    use pointsman_core::pack::unpack;

    use super::*;

    #[test]
    fn what_sqs_refuses_cannot_be_carried_as_text() {
        for body in ["{\"a\": 1}\r\n\t", "żółw 🚂", "\u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}"] {
            assert!(can_carry(body.as_bytes()), "{body:?}");
        }
        for body in ["", "\0", "a\u{1b}b", "\u{fffe}", "\u{ffff}"] {
            assert!(!can_carry(body.as_bytes()), "{body:?}");
        }
        assert!(!can_carry(b"\xff"));
    }

    #[test]
    fn attributes_of_every_sign_are_packed_into_what_sqs_takes() {
        let all: String = ('\0'..='\u{ff}').chain(['\u{fffe}', '\u{ffff}', '🚂']).collect();
        let message = Message {
            attributes: [(all.clone(), all.clone()), ("empty".into(), String::new())].into(),
            correlation: Some(all),
            ..Message::default()
        };
        let entry = Entry::of(&message, true).expect("it can be sent");
        let pack = entry.pack.expect("there is something to pack");
        assert!(can_carry(pack.as_bytes()));
        let content = unpack(entry.text.into(), [(ATTRIBUTE.to_owned(), pack)].into());
        assert_eq!((content.attributes, content.correlation), (message.attributes, message.correlation));
        assert!(content.body.is_empty());
    }

    #[test]
    fn messages_without_a_session_share_a_group_only_with_their_duplicates() {
        let group = |id: &str| {
            let message = Message { dedup_id: id.to_owned(), ..Message::default() };
            let (group, id) =
                Entry::of(&message, true).expect("it can be sent").place.expect("it is ordered");
            assert!(session(Some(&group)).is_none() && id.len() <= LONGEST_ID && !id.is_empty());
            group
        };
        let odd = "ż".repeat(200);
        assert_eq!((group("a"), group(&odd)), (group("a"), group(&odd)));
        assert_ne!(group("a"), group("b"));
        assert_ne!(group(""), group(""));
    }

    #[test]
    fn what_a_queue_cannot_keep_is_refused() {
        let delayed = |seconds| Message { delay: Some(Duration::from_secs(seconds)), ..Message::default() };
        let ordered = Message { session: Some("s".into()), ..Message::default() };
        let large = Message { body: vec![b'a'; LARGEST + 1].into(), ..Message::default() };
        let refused = [
            (delayed(1), true),
            (delayed(901), false),
            (Message { session: Some("s".into()), ..delayed(1) }, false),
            (ordered, false),
            (large, true),
        ];
        for (message, fifo) in refused {
            let error = Entry::of(&message, fifo).expect_err("it is refused");
            assert_eq!(error.kind, pointsman_core::port::ErrorKind::Invalid);
        }
        let delay = Duration::from_millis(1_500);
        let entry = Entry::of(&Message { delay: Some(delay), ..Message::default() }, false);
        assert_eq!(entry.expect("a standard queue delays").delay, Some(2));
    }
}
