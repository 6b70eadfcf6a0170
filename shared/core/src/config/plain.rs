//! What is plainly right needs no schema, whose making takes longer than all else that a function does to start.
//!
//! Yes only where the schema has nothing to say, which tests hold it to; everything else is the schema's to judge and to tell.

use std::mem::discriminant;

use serde_json::Value;

#[cfg(any(test, not(feature = "schema")))]
use super::{Fault, Mark};
use super::{
    model::{Config, QueuesEntry, Source, Subscription},
    node::{Kind, Node},
};

/// The largest number that the schema takes: beyond it JSON's readers disagree.
const LARGEST: u64 = 9_007_199_254_740_991;

/// The configuration, if it is plainly one.
pub fn read(root: &Node) -> Option<Config> {
    let config: Config = serde_json::from_value(root.to_value()).ok()?;
    let again = serde_json::to_value(&config).ok()?;
    let release = &config.release;
    let is_plain = release.settings.is_empty() && release.organisations.is_empty();
    (is_plain && is_shaped(root, &again) && is_bounded(&config)).then_some(config)
}

/// What is wrong, where there is no judge: unknown keys, wrong kinds and bounds, one fault at a time and in serde's words.
#[cfg(any(test, not(feature = "schema")))]
pub fn doubts(root: &Node) -> Vec<Fault> {
    let fault = match serde_json::from_value(root.to_value()) {
        Ok(config) if is_bounded(&config) => return Vec::new(),
        Ok(_) => {
            "a number is too small or too large, or a list that must have something in it is empty".into()
        }
        Err(error) => error.to_string(),
    };
    let hint = "`pointsman config check` names every fault, with its place";
    vec![Fault::new("", Mark::START, fault).hint(hint)]
}

/// Whether everything that stands there is of the kind that it is written as: serde takes a list for a mapping, and null for
/// what is not there.
fn is_shaped(node: &Node, as_written: &Value) -> bool {
    match (&node.kind, as_written) {
        (Kind::Mapping(entries), Value::Object(fields)) => entries
            .iter()
            .all(|(key, node)| fields.get(&key.text).is_some_and(|field| is_shaped(node, field))),
        (Kind::Sequence(items), Value::Array(values)) => {
            items.len() == values.len()
                && items.iter().zip(values).all(|(item, value)| is_shaped(item, value))
        }
        (Kind::Scalar(scalar), value) => !scalar.is_null() && discriminant(scalar) == discriminant(value),
        _ => false,
    }
}

/// The schema's numbers and lengths. Settings of releases have a schema of their own.
fn is_bounded(config: &Config) -> bool {
    config.subscriptions.len() <= 10_000
        && config.subscriptions.iter().all(is_subscription)
        && config.queues.0.values().all(is_queue)
        && config.sources.values().all(is_source)
}

fn is_subscription(one: &Subscription) -> bool {
    !one.events.is_empty() && one.concurrency.is_none_or(|count| (1..=256).contains(&count))
}

fn is_queue(one: &QueuesEntry) -> bool {
    one.max_deliveries.is_none_or(|count| (1..=1_000).contains(&count))
}

fn is_source(one: &Source) -> bool {
    let is_id = |id: u64| (1..=LARGEST).contains(&id);
    one.app.as_ref().is_none_or(|app| is_id(app.id))
        && one
            .hooks
            .as_ref()
            .is_none_or(|hooks| !hooks.list.is_empty() && hooks.list.iter().all(|hook| is_id(hook.id)))
}
