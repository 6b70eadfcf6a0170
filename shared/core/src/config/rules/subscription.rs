//! Rules of the subscriptions: names, queues, patterns, conditions, sessions.

use std::collections::HashMap;

use super::Findings;
use crate::{
    condition::Condition,
    config::{Fault, fault::suggest, node::Cursor, release::is_reserved},
    port::QueueName,
    session::Strategy,
};

/// The queues that subscriptions name, and what the first of each has for a strategy.
pub type Named<'a> = HashMap<&'a str, (String, Option<Strategy>)>;

pub fn check<'a>(root: &Cursor<'a>, found: &mut Findings) -> Named<'a> {
    let subscriptions = root.list("subscriptions");
    let releases = root.get("release").and_then(|it| it.get("enabled")).is_some_and(|it| it.is_true());
    if subscriptions.is_empty() && !releases {
        let at = root.key_at("subscriptions").unwrap_or(root.at());
        let warning =
            Fault::new("subscriptions", at, "no subscription: what comes in is archived and goes nowhere");
        found.warnings.push(warning.hint("such as `subscriptions: [{ name: all, events: [\"*\"] }]`"));
    }
    let (mut names, mut queues) = (HashMap::new(), HashMap::new());
    for subscription in &subscriptions {
        if let Some((cursor, name)) = subscription.text_of("name") {
            check_name(&cursor, name, found);
            if let Some(first) = names.insert(name, cursor.at()) {
                let message =
                    format!("a subscription named `{name}` is there already, on line {}", first.line);
                found.faults.push(
                    cursor.fault(message).hint("to send more to the same queue, give this one `queue:`"),
                );
                names.insert(name, first);
            }
        }
        if let Some((cursor, queue)) = subscription.text_of("queue") {
            check_name(&cursor, queue, found);
        }
        if let Some((cursor, source)) = subscription.text_of("source") {
            check_source(root, &cursor, source, found);
        }
        found.each(&subscription.list("events"), crate::route::check_event_pattern);
        found.each(&subscription.list("repositories"), crate::route::check_repository_pattern);
        if let Some((cursor, expression)) = subscription.text_of("when")
            && let Err(message) = Condition::parse(expression)
        {
            found.faults.push(cursor.fault(message));
        }
        check_session(subscription, &mut queues, found);
    }
    queues
}

fn check_source(root: &Cursor<'_>, cursor: &Cursor<'_>, source: &str, found: &mut Findings) {
    let sources = root.get("sources");
    let known: Vec<&str> =
        sources.iter().flat_map(Cursor::entries).map(|(key, _)| key.text.as_str()).collect();
    if !known.contains(&source) {
        let fault = cursor.fault(format!("there is no source `{source}`"));
        found.faults.push(fault.hint(suggest(source, &known)));
    }
}

fn check_name(cursor: &Cursor<'_>, name: &str, found: &mut Findings) {
    match name.parse::<QueueName>() {
        Ok(queue) if queue.is_dead_letters() => {
            let hint = "`pointsman dead-letters` and `receive` read it; take another name here";
            found
                .faults
                .push(cursor.fault(format!("`{name}` is the name of a queue of dead letters")).hint(hint));
        }
        Ok(_) if is_reserved(name) => {
            let fault = cursor.fault(format!("`{name}` is the name of a built-in stage"));
            found.faults.push(fault.hint("its queue is its own; take another name here"));
        }
        Ok(_) => {}
        Err(_) => {
            let rule = "1 to 60 of a-z, 0-9 and -, beginning with a letter or digit";
            found.faults.push(cursor.fault(format!("`{name}` is no name here: {rule}")));
        }
    }
}

/// The strategy is valid, and the same as that of every other subscription of the queue.
fn check_session<'a>(subscription: &Cursor<'a>, queues: &mut Named<'a>, found: &mut Findings) {
    let session = subscription.text_of("session");
    let strategy = match session.as_ref().map_or("entity", |(_, text)| text).parse::<Strategy>() {
        Ok(strategy) => Some(strategy),
        Err(message) => {
            found.faults.push(session.as_ref().map_or(subscription, |(cursor, _)| cursor).fault(message));
            None
        }
    };
    let Some((_, queue)) = subscription.text_of("queue").or_else(|| subscription.text_of("name")) else {
        return;
    };
    let label = subscription.text_of("name").map_or(subscription.path(), |(_, name)| name).to_owned();
    let Some((first, known)) = queues.get(queue) else {
        queues.insert(queue, (label, strategy));
        return;
    };
    if known.is_some() && strategy.is_some() && *known != strategy {
        let cursor = session.map_or_else(|| subscription.clone(), |(cursor, _)| cursor);
        let message = format!("the queue `{queue}` is ordered otherwise by the subscription `{first}`");
        found
            .faults
            .push(cursor.fault(message).hint("subscriptions that share a queue share the session strategy"));
    }
}
