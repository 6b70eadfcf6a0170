//! A JSON Schema error in words for people: short, in place, with what to do. No value is repeated but a wrong choice.

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::{Location, LocationSegment},
};
use serde_json::Value;

use super::{
    fault::{Fault, nearest, suggest},
    node::{Cursor, Node, joined},
};

/// The faults that this error tells of.
pub fn told(error: &ValidationError<'_>, root: &Node, schema: &Value) -> Vec<Fault> {
    let cursor = locate(root, error.instance_path());
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema, error.schema_path());
            unexpected.iter().map(|key| unknown_key(&cursor, key, &known)).collect()
        }
        Kind::OneOfNotValid { context } => choice(error, context, root, schema),
        _ => vec![plain(error, &cursor)],
    }
}

fn unknown_key(cursor: &Cursor<'_>, key: &str, known: &[&str]) -> Fault {
    let at = cursor.key_at(key).unwrap_or(cursor.at());
    Fault::new(joined(cursor.path(), key), at, "this key is unknown").hint(suggest(key, known))
}

/// The keys of the schema's object that refused one.
fn known_keys<'a>(schema: &'a Value, refused: &Location) -> Vec<&'a str> {
    let pointer = refused.as_str().strip_suffix("/additionalProperties").unwrap_or_default();
    let properties = schema.pointer(&format!("{pointer}/properties")).and_then(Value::as_object);
    properties.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Of a choice, the errors of the branch that was meant; where none was, the choices.
fn choice(
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
    root: &Node,
    schema: &Value,
) -> Vec<Fault> {
    let cursor = locate(root, error.instance_path());
    let branches = schema.pointer(error.schema_path().as_str()).and_then(Value::as_array);
    let branches = branches.map(Vec::as_slice).unwrap_or_default();
    let tag = branches.first().and_then(tag);
    let constant = |branch| match tag {
        Some((key, _)) => Value::pointer(branch, &format!("/properties/{key}/const"))?.as_str(),
        None => branch.get("const")?.as_str(),
    };
    let choices: Vec<&str> = branches.iter().filter_map(constant).collect();
    let one_of = format!("one of: {}", choices.join(", "));
    let chosen = match tag {
        Some(_) if !cursor.is_mapping() => {
            let meant = context.first().map(Vec::as_slice).unwrap_or_default();
            return meant.iter().flat_map(|error| told(error, root, schema)).collect();
        }
        Some((key, _)) => match cursor.get(key) {
            Some(chosen) => chosen,
            None => return vec![cursor.fault(format!("`{key}` is missing")).hint(format!("it is {one_of}"))],
        },
        None => cursor,
    };
    let Some(text) = chosen.text() else { return vec![chosen.fault(format!("this must be {one_of}"))] };
    match choices.iter().position(|choice| *choice == text).and_then(|index| context.get(index)) {
        Some(meant) => meant.iter().flat_map(|error| told(error, root, schema)).collect(),
        None => {
            let fault = chosen.fault(format!("`{text}` is not {one_of}"));
            vec![Fault { hint: nearest(text, choices), ..fault }]
        }
    }
}

/// The key by which a branch is chosen (`kind`): the one that has a constant.
fn tag(branch: &Value) -> Option<(&String, &Value)> {
    branch.get("properties")?.as_object()?.iter().find(|(_, property)| property.get("const").is_some())
}

fn plain(error: &ValidationError<'_>, cursor: &Cursor<'_>) -> Fault {
    match error.kind() {
        Kind::Required { property } => {
            cursor.fault(format!("`{}` is missing", property.as_str().unwrap_or_default()))
        }
        Kind::Type { kind } => wrong_type(kind, error.instance(), cursor),
        Kind::Minimum { limit } => cursor.fault(format!("this must be {limit} or more")),
        Kind::Maximum { limit } => cursor.fault(format!("this must be {limit} or less")),
        Kind::AnyOf { .. } => cursor.fault("this is of the wrong type"),
        Kind::MinItems { .. } => cursor.fault("this list is empty"),
        Kind::MaxItems { limit } => cursor.fault(format!("this list may have at most {limit} entries")),
        _ => cursor.fault(error.masked_with("this").to_string()),
    }
}

fn wrong_type(kind: &TypeKind, found: &Value, cursor: &Cursor<'_>) -> Fault {
    let TypeKind::Single(expected) = kind else { return cursor.fault("this is of the wrong type") };
    let fault = |found: &str| cursor.fault(format!("this must be {}, but is {found}", named(*expected)));
    match (expected, found) {
        (_, Value::Null) => cursor.fault("this key has no value").hint("write one, or remove the key"),
        (JsonType::Array, Value::String(_)) => fault("a text").hint("put it in brackets: [...]"),
        (JsonType::String, Value::Number(_)) => {
            fault("a number").hint("a text in quotes, or a time with its unit, such as 30s")
        }
        (JsonType::String, Value::Bool(_)) => fault("true or false").hint("put it in quotes"),
        (_, Value::String(_)) => fault("a text"),
        (_, Value::Number(_)) => fault("a number"),
        (_, Value::Bool(_)) => fault("true or false"),
        (_, Value::Array(_)) => fault("a list"),
        (_, Value::Object(_)) => fault("a mapping"),
    }
}

fn named(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "empty",
        JsonType::Number => "a number",
        JsonType::Object => "a mapping (`key: value`)",
        JsonType::String => "a text",
    }
}

/// As far as the path goes.
fn locate<'a>(root: &'a Node, path: &Location) -> Cursor<'a> {
    let mut cursor = Cursor::root(root);
    for segment in path {
        let next = match segment {
            LocationSegment::Property(key) => cursor.get(&key),
            LocationSegment::Index(index) => cursor.item(index),
        };
        match next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    cursor
}
