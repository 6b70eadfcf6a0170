//! What is taken without the schema is what the schema takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{super::*, GOOD, cases};

/// The schema has nothing against what is plainly right.
pub(super) fn agrees(text: &str) {
    let Ok((root, _)) = yaml::read(text) else { return };
    if crate::config::plain::read(&root).is_some() {
        let told = schema::check(&root);
        assert!(told.is_empty(), "{told:?}\n{text}");
    }
}

fn is_plain(text: &str) -> bool {
    let (root, _) = yaml::read(text).unwrap();
    crate::config::plain::read(&root).is_some()
}

#[test]
fn what_is_plainly_right_is_right_by_the_schema() {
    assert!(is_plain(GOOD), "else nothing is shown here");
    for (_, text, _) in cases::CASES {
        agrees(text);
    }
}

#[test]
fn every_bound_of_the_schema_is_the_schemas_to_tell() {
    let subscription = |fields: &str| format!("subscriptions: [{{ name: a, {fields} }}]");
    let source = |fields: &str| format!("sources: {{ a: {{ secrets: ['env:A'], {fields} }} }}");
    let app = |id: &str| source(&format!("app: {{ id: {id}, private_key: 'env:K' }}"));
    let hook = |list: &str| source(&format!("hooks: {{ token: 'env:T', list: [{list}] }}"));
    let queue = |fields: &str| format!("queues: {{ a: {{ {fields} }} }}");
    for right in [
        subscription("events: [push], concurrency: 256"),
        app("9007199254740991"),
        hook("{ repository: a/b, id: 1 }"),
        queue("max_deliveries: 1000"),
    ] {
        assert!(is_plain(&right), "{right}");
        agrees(&right);
    }
    for wrong in [
        subscription("events: []"),
        subscription("events: [push], concurrency: 0"),
        subscription("events: [push], concurrency: 257"),
        subscription("events: [push], queue: ~"),
        app("0"),
        app("9007199254740992"),
        hook(""),
        hook("{ repository: a/b, id: 0 }"),
        queue("max_deliveries: 1001"),
        queue("max_deliveries: 0"),
        "subscriptions: [[a, [push]]]".to_owned(),
        "release: { settings: { strategy: none of ours } }".to_owned(),
        "release: { organisations: { acme: { settings: { strategy: none of ours } } } }".to_owned(),
    ] {
        assert!(!is_plain(&wrong), "{wrong}");
        let (root, _) = yaml::read(&wrong).unwrap();
        assert!(!schema::check(&root).is_empty(), "the schema has something against it: {wrong}");
    }
}

#[test]
fn what_the_schema_refuses_is_refused_without_it_too() {
    for (name, text, _) in cases::CASES {
        let Ok((root, _)) = yaml::read(text) else { continue };
        let (without, with) = (crate::config::plain::doubts(&root), schema::check(&root));
        assert!(with.is_empty() || !without.is_empty(), "{name}: {with:?}\n{text}");
        assert!(without.is_empty() || parse(text).is_err(), "{name}: {without:?}\n{text}");
    }
    let (good, _) = yaml::read(GOOD).unwrap();
    assert_eq!(crate::config::plain::doubts(&good), []);
}

/// Each place of a schema where a keyword says more of a value than its type.
fn bounds(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    const KEYWORDS: [&str; 12] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
    ];
    match schema {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if KEYWORDS.contains(&name.as_str()) && !inner.is_object() {
                    found.insert(format!("{path} {name} {inner}"));
                }
                let step = if ["properties", "$defs"].contains(&name.as_str()) {
                    path.to_owned()
                } else {
                    format!("{path}/{name}")
                };
                bounds(inner, &step, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| bounds(item, path, found)),
        _ => {}
    }
}

#[test]
fn the_schema_has_no_bound_that_is_not_known_here() {
    let mut found = BTreeSet::new();
    bounds(&schema::schema(), "", &mut found);
    let known = [
        "/App/id maximum 9007199254740991",
        "/App/id minimum 1",
        "/Hook/id maximum 9007199254740991",
        "/Hook/id minimum 1",
        "/Hooks/list minItems 1",
        "/QueuesEntry/max_deliveries maximum 1000",
        "/QueuesEntry/max_deliveries minimum 1",
        "/Subscription/concurrency maximum 256",
        "/Subscription/concurrency minimum 1",
        "/Subscription/events minItems 1",
        "/subscriptions maxItems 10000",
    ];
    assert!(found.iter().eq(&known), "`plain` must know each: {found:#?}");
}
