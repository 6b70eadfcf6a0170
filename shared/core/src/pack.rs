//! What a cloud's queue carries beside a text, packed into one attribute: attributes of any signs (a queue takes few, and few
//! signs in them), the correlation, and how a body lies in the text that is none.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::port::Message;

/// The attribute that holds a [`Pack`].
pub const ATTRIBUTE: &str = "pointsman";

/// What is packed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pack {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
}

/// How a body lies in the text, where it is not the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Base64,
    /// The queue takes no empty text: what stands there means nothing.
    Empty,
}

/// A message's text, and what is packed beside it; `can_carry` says which bytes the queue takes as text.
pub fn pack(message: &Message, can_carry: impl Fn(&[u8]) -> bool) -> (String, Pack) {
    let body = message.body.to_bytes();
    let (text, encoding) = match std::str::from_utf8(&body) {
        Ok("") => ("-".to_owned(), Some(Encoding::Empty)),
        Ok(text) if can_carry(&body) => (text.to_owned(), None),
        _ => (STANDARD.encode(&body), Some(Encoding::Base64)),
    };
    let attributes = message.attributes.clone();
    (text, Pack { attributes, correlation: message.correlation.clone(), encoding })
}

impl Pack {
    /// As an attribute's value; nothing where there is nothing to say.
    pub fn to_text(&self) -> Option<String> {
        if self.attributes.is_empty() && self.correlation.is_none() && self.encoding.is_none() {
            return None;
        }
        let json = serde_json::to_string(self).expect("texts are always JSON");
        // The only signs that SQS refuses and JSON does not escape; outside of strings they cannot stand.
        Some(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
    }
}

/// What a message's text and attributes said when it was sent.
#[derive(Debug)]
pub struct Content {
    /// The bytes.
    pub body: Bytes,
    /// The sender's own attributes.
    pub attributes: BTreeMap<String, String>,
    /// The sender's correlation.
    pub correlation: Option<String>,
}

/// Undoes [`pack`]. A message that others than we have sent is taken as it is.
pub fn unpack(text: Bytes, mut attributes: BTreeMap<String, String>) -> Content {
    let ours = attributes.remove(ATTRIBUTE).and_then(|pack| serde_json::from_str::<Pack>(&pack).ok());
    let Some(pack) = ours else {
        return Content { body: text, attributes, correlation: None };
    };
    let body = match pack.encoding {
        Some(Encoding::Empty) => Bytes::new(),
        Some(Encoding::Base64) => STANDARD.decode(&text).map_or(text, Bytes::from),
        None => text,
    };
    Content { body, attributes: pack.attributes, correlation: pack.correlation }
}
