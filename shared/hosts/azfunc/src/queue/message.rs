//! What a call says of its messages. Hosts merge a JSON body's own fields into the metadata: what may be the body's word is
//! not believed, and an event of ours tells its session and id itself.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use pointsman_core::{
    handed::Hand,
    port::{Delivered, MessageId},
};
use serde_json::value::RawValue;

use crate::{
    Call, Failure,
    host::malformed,
    metadata::{Metadata, Of},
    peel::{items, peeled, word},
};

/// What is told of a message beside its attributes.
const TOLD: [&str; 7] = [
    "MessageId",
    "SessionId",
    "SequenceNumber",
    "DeliveryCount",
    "EnqueuedTimeUtc",
    "CorrelationId",
    "LockToken",
];

/// All messages of a call, in their order. A failure: one of them could not be told from others.
pub(super) fn read(call: &Call) -> Result<Hand, Failure> {
    let mut hand = Hand::default();
    for (of, raw) in bodies(call)? {
        let (message, empty) = one(call, of, raw.as_deref())?;
        if empty {
            hand.empty.insert(MessageId(message.id.clone()));
        }
        hand.messages.push(message);
    }
    Ok(hand)
}

/// A message's body as it came, with whose metadata is its own.
type Bare = (Of, Option<Box<RawValue>>);

/// The messages of a call, before they are read.
fn bodies(call: &Call) -> Result<Vec<Bare>, Failure> {
    let one =
        call.metadata.word("MessageId", Of::One).or_else(|| call.metadata.word("SequenceNumber", Of::One));
    let batch = call
        .metadata
        .word("MessageId", Of::Nth(0))
        .or_else(|| call.metadata.word("SequenceNumber", Of::Nth(0)));
    if one.is_some() {
        return Ok(vec![(Of::One, call.data.clone())]);
    }
    if batch.is_none() {
        let why = format!(
            "`{}` was called without the Metadata of a message: is it a Service Bus trigger?",
            call.name
        );
        return Err(malformed(why));
    }
    let data = call.data.as_ref().map(|data| items(data.get()));
    let Some(Some(list)) = data else {
        return Err(malformed(format!(
            "`{}` was called with a batch's Metadata, and Data is no list",
            call.name
        )));
    };
    Ok(list.into_iter().enumerate().map(|(index, body)| (Of::Nth(index), Some(body))).collect())
}

/// One message, and whether it has no body.
fn one(call: &Call, of: Of, raw: Option<&RawValue>) -> Result<(Delivered, bool), Failure> {
    let text = raw.map(|raw| peeled(raw.get())).filter(|text| !text.is_empty() && text != "null");
    let body = Body::read(text.as_deref().unwrap_or_default());
    let mut system: HashMap<String, String> = TOLD
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), told(&call.metadata, &body, name, of)?)))
        .collect();
    for (field, name) in [("session", "SessionId"), ("id", "CorrelationId")] {
        if let Some(own) = body.of_event(field) {
            system.insert(name.to_owned(), own);
        }
    }
    let get = |name: &str| system.get(name).cloned();
    let id = get("MessageId").or_else(|| get("SequenceNumber")).or_else(|| get("LockToken"));
    let Some(id) = id else {
        let why = format!(
            "a message of `{}` has neither MessageId nor SequenceNumber of its own in its Metadata",
            call.name
        );
        return Err(malformed(why));
    };
    let attributes = ["ApplicationProperties", "UserProperties"];
    let attributes = attributes.iter().find_map(|name| call.metadata.pairs(name, of)).unwrap_or_default();
    let receipt = get("LockToken").unwrap_or_else(|| id.clone());
    let empty = text.is_none();
    let text = text.map(Cow::into_owned).unwrap_or_default();
    Ok((Delivered { id, receipt, text, system, attributes: attributes.into_iter().collect() }, empty))
}

/// What the metadata says, where it is not the body's word.
fn told(metadata: &Metadata, body: &Body<'_>, name: &str, of: Of) -> Option<String> {
    let told = metadata.word(name, of)?;
    (body.field(name).as_ref() != Some(&told)).then_some(told)
}

/// A body's own fields, where it is a JSON object.
struct Body<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Body<'a> {
    fn read(text: &'a str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// What a field says, by its name in any case.
    fn field(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| word(value.get()))
    }

    /// What an attribute of an event of ours says.
    fn of_event(&self, name: &str) -> Option<String> {
        self.0.get("specversion")?;
        word(self.0.get(name)?.get())
    }
}
