//! An event's records, each read for itself: one that is broken does not take the others with it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pointsman_core::port::{Delivered, MessageId, QueueName};
use serde::Deserialize;
use tracing::error;

use crate::{Event, Fault};

/// A record, and whether it has no body.
pub(super) struct Read {
    pub(super) record: Delivered,
    pub(super) empty: bool,
}

impl Read {
    pub(super) fn name(&self) -> MessageId {
        MessageId(self.record.id.clone())
    }
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    message_id: Option<String>,
    receipt_handle: Option<String>,
    body: Option<String>,
    attributes: Option<HashMap<String, String>>,
    message_attributes: Option<BTreeMap<String, Attribute>>,
    #[serde(rename = "eventSourceARN")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attribute {
    string_value: Option<String>,
}

/// All records, in their order. A fault: it is no batch of this queue, or has a record that the answer could not name.
pub(super) fn read(event: &Event, queue: &QueueName) -> Result<Vec<Read>, Fault> {
    let Batch { records } = event.read("batch of SQS records")?;
    records.into_iter().enumerate().map(|(index, raw)| one(index, raw, queue)).collect()
}

fn one(index: usize, raw: Raw, queue: &QueueName) -> Result<Read, Fault> {
    let malformed = |message| Fault::new("Malformed", message);
    let arn = raw.arn.unwrap_or_default();
    let sent_to = arn.rsplit(':').next().unwrap_or_default();
    if !arn.starts_with("arn:") || !sent_to.strip_suffix(".fifo").unwrap_or(sent_to).ends_with(queue.as_str())
    {
        return Err(malformed(format!(
            "record {index} is of `{arn}`, and this function works on the queue `{queue}`: give it that one as event source"
        )));
    }
    let id = raw.message_id.filter(|id| !id.is_empty()).ok_or_else(|| {
        malformed(format!("record {index} of `{queue}` has no messageId: the whole batch comes again"))
    })?;
    let named = raw.message_attributes.unwrap_or_default();
    let attributes = named.into_iter().filter_map(|(name, value)| Some((name, value.string_value?)));
    let empty = raw.body.is_none();
    let record = Delivered {
        id,
        receipt: raw.receipt_handle.unwrap_or_default(),
        text: raw.body.unwrap_or_default(),
        system: raw.attributes.unwrap_or_default(),
        attributes: attributes.collect(),
    };
    Ok(Read { record, empty })
}

/// Those that can be settled; and the names of those that cannot, and of the later ones of their groups.
pub(super) fn settleable(records: Vec<Read>) -> (Vec<Delivered>, BTreeSet<String>) {
    let (mut whole, mut failed, mut stopped) = (Vec::new(), BTreeSet::new(), HashSet::new());
    for Read { record, .. } in records {
        let group = record.system.get("MessageGroupId").cloned();
        let after = group.as_ref().is_some_and(|group| stopped.contains(group));
        if record.receipt.is_empty() {
            error!(id = record.id, "a record has no receiptHandle; it comes again");
        } else if !after {
            whole.push(record);
            continue;
        }
        stopped.extend(group);
        failed.insert(record.id);
    }
    (whole, failed)
}
