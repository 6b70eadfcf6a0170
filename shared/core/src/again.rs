//! A stored delivery on its way again: where it would go today, and the messages, each with its cause.
//!
//! `recover` and a redelivery only fill what the routing mark lacks; a replay is asked for, and is a copy of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    condition::Subject,
    config::ERASE,
    delivery::{BESIDE, Delivery},
    event::{Cause, Event},
    facts::Facts,
    ledger::Entry,
    pipeline,
    port::{Message, QueueName},
    route::Routes,
    rules::Rules,
    sending::{Inline, message},
    session::Session,
    stored::Stored,
};

/// Why it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why<'a> {
    /// Its sender sent it again.
    Redelivered,
    /// It was stored, and nothing tells that it was sent.
    Recovered,
    /// A queue could not be reached.
    Rerouted,
    /// Somebody asked for it, by a replay of this id.
    Replayed(&'a str),
}

/// To which queues.
#[derive(Debug, Clone, Copy)]
pub enum To<'a> {
    /// Those of every subscription that wants it today; of a replay without the built-in `erase`, which acts on what was
    /// and must be named.
    Matching,
    /// Those of these subscriptions, as far as they want it.
    Subscriptions(&'a BTreeSet<String>),
    /// These, whether a subscription wants it there or not.
    Queues(&'a BTreeSet<QueueName>),
}

/// What one stored delivery becomes.
#[derive(Debug)]
pub struct Again {
    /// The event, with its cause.
    pub event: Event,
    /// Its session by the `entity` strategy.
    pub session: String,
    /// The subscriptions that it goes to.
    pub subscriptions: Vec<String>,
    /// One message a queue.
    pub messages: Vec<(QueueName, Message)>,
}

impl Why<'_> {
    /// As the event's attribute.
    pub fn cause(self) -> Cause {
        match self {
            Self::Redelivered => Cause::Redelivered,
            Self::Recovered => Cause::Recovered,
            Self::Rerouted => Cause::Rerouted,
            Self::Replayed(_) => Cause::Replayed,
        }
    }

    /// As part of the dedup id: what fills a gap is the first copy.
    fn dedup(self) -> String {
        match self {
            Self::Redelivered | Self::Recovered | Self::Rerouted => String::new(),
            Self::Replayed(id) => format!("replay:{id}"),
        }
    }
}

/// What it becomes; `facts` and `event` are what [`Stored::with_facts`] hands out.
pub fn again(
    facts: &Facts,
    mut event: Event,
    rules: &Rules,
    (why, to): (Why<'_>, To<'_>),
    inline: Inline,
) -> Again {
    let routes = routes(facts, &event, rules, (why, to));
    event.cause = Some(why.cause());
    let cause = why.dedup();
    let made = |(queue, session): &(QueueName, Option<Session>)| {
        let message = message(facts.delivery, &event, (queue, session.as_ref()), &cause, inline);
        (queue.clone(), message)
    };
    let messages = routes.queues.iter().map(made).collect();
    Again { session: Stored::session(facts), subscriptions: routes.subscriptions, messages, event }
}

fn routes(facts: &Facts, event: &Event, rules: &Rules, (why, to): (Why<'_>, To<'_>)) -> Routes {
    if facts.delivery.headers.get(BESIDE).is_some() {
        return Routes::default();
    }
    if let To::Queues(queues) = to {
        let placed = |queue: &QueueName| (queue.clone(), rules.router.session_in(queue, facts));
        return Routes { queues: queues.iter().map(placed).collect(), ..Routes::default() };
    }
    let source = rules.sources.get(&*facts.delivery.source.0);
    if source.is_some_and(|source| !source.events.matches(&facts.event_names())) {
        return Routes::default();
    }
    let subject = Subject::new(event, &facts.delivery.payload);
    match (to, why) {
        (To::Subscriptions(names), _) => {
            rules.router.route_among(facts, &subject, |name| names.contains(name))
        }
        // Who came back would be erased again by the word of last year.
        (_, Why::Replayed(_)) => rules.router.route_among(facts, &subject, |name| name != ERASE),
        _ => rules.router.route(facts, &subject),
    }
}

impl Again {
    /// To be committed: what the delivery's mark lacks is sent, and the mark completed.
    pub fn entry(self, delivery: &Delivery, rules: &Rules, now: Timestamp) -> Entry {
        pipeline::entry(delivery, self.messages, now, rules)
    }
}

#[cfg(test)]
mod tests;
