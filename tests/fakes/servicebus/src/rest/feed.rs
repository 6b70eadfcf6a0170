//! What there is, as Atom: the list of queues in pages, and one queue with its counts.

use std::{collections::HashMap, fmt::Write as _};

use crate::broker::{Broker, Refusal};

/// Queues in one page when nobody says.
const PAGE: usize = 100;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const BUS: &str = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";
const COUNTS: &str = "http://schemas.microsoft.com/netservices/2011/06/servicebus";

/// One page of all queues.
pub fn all(broker: &Broker, query: &str) -> Result<String, Refusal> {
    let query: HashMap<_, _> = query.split('&').filter_map(|field| field.split_once('=')).collect();
    let number = |name: &str| query.get(name).and_then(|text| text.parse().ok());
    let (skip, top) = (number("$skip").unwrap_or(0), number("$top").unwrap_or(PAGE));
    let mut text = format!(r#"<feed xmlns="{ATOM}"><title type="text">Queues</title>"#);
    for name in broker.names().into_iter().skip(skip).take(top) {
        text.push_str(&one(broker, &name)?);
    }
    text.push_str("</feed>");
    Ok(text)
}

/// One queue.
pub fn one(broker: &Broker, name: &str) -> Result<String, Refusal> {
    let (counts, settings) = (broker.counts(name)?, broker.settings(name)?);
    let mut text = String::new();
    let _ = write!(
        text,
        r#"<entry xmlns="{ATOM}"><title type="text">{name}</title><content type="application/xml"><QueueDescription xmlns="{BUS}"><RequiresSession>{}</RequiresSession><CountDetails xmlns:d2p1="{COUNTS}"><d2p1:ActiveMessageCount>{}</d2p1:ActiveMessageCount><d2p1:DeadLetterMessageCount>{}</d2p1:DeadLetterMessageCount><d2p1:ScheduledMessageCount>{}</d2p1:ScheduledMessageCount></CountDetails><MessageCount>{}</MessageCount></QueueDescription></content></entry>"#,
        settings.sessions,
        counts.active,
        counts.dead,
        counts.scheduled,
        counts.active + counts.dead + counts.scheduled,
    );
    Ok(text)
}
