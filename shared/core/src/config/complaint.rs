//! A JSON Schema error in words for people: short, in place, with what to do. No value is repeated but a wrong choice.

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::{Location, LocationSegment},
};
use serde_json::Value;

use super::{
    fault::{Fault, suggest},
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
        Kind::OneOfNotValid { context } => match branch(context) {
            Branch::One(errors) => errors.iter().flat_map(|error| told(error, root, schema)).collect(),
            Branch::None { field, choices } => vec![no_choice(&cursor, field, &choices)],
        },
        _ => vec![plain(error, &cursor)],
    }
}

fn unknown_key(cursor: &Cursor<'_>, key: &str, known: &[&str]) -> Fault {
    let at = cursor.key_at(key).unwrap_or(cursor.at());
    Fault::new(joined(cursor.path(), key), at, "this key is unknown")
        .hint(suggest(key, known.iter().copied()))
}

/// The keys of the schema's object that refused one.
fn known_keys<'a>(schema: &'a Value, refused: &Location) -> Vec<&'a str> {
    let pointer = refused.as_str().strip_suffix("/additionalProperties").unwrap_or_default();
    let properties = schema.pointer(&format!("{pointer}/properties")).and_then(Value::as_object);
    properties.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Which of a `oneOf`'s branches was meant.
enum Branch<'a> {
    /// The one whose constant fits: its errors are the errors.
    One(&'a [ValidationError<'static>]),
    /// None: the constants that there are, and the key that they are expected under (none: the value itself).
    None { field: Option<String>, choices: Vec<String> },
}

fn branch<'a>(context: &'a [Vec<ValidationError<'static>>]) -> Branch<'a> {
    let (mut choices, mut field) = (Vec::new(), None);
    for errors in context {
        let constant = errors.iter().find_map(|error| match error.kind() {
            Kind::Constant { expected_value } => Some((error, expected_value.as_str().unwrap_or_default())),
            _ => None,
        });
        match constant {
            Some((error, expected)) => {
                choices.push(expected.to_owned());
                // Beside the constant of a tag there is its key in the schema: `/$defs/Verify/oneOf/0/properties/kind/const`.
                field = field.or_else(|| key_of(error.schema_path()));
            }
            None => return Branch::One(errors),
        }
    }
    Branch::None { field, choices }
}

fn key_of(schema_path: &Location) -> Option<String> {
    let mut segments = schema_path.as_str().rsplit('/').skip(1);
    let key = segments.next()?;
    (segments.next() == Some("properties")).then(|| key.to_owned())
}

fn no_choice(cursor: &Cursor<'_>, field: Option<String>, choices: &[String]) -> Fault {
    let chosen = match &field {
        Some(field) => cursor.get(field),
        None => Some(cursor.clone()),
    };
    let one_of = format!("one of: {}", choices.join(", "));
    match chosen {
        Some(chosen) => match chosen.text() {
            Some(text) => chosen
                .fault(format!("`{text}` is not {one_of}"))
                .hint(suggest(text, choices.iter().map(String::as_str))),
            None => chosen.fault(format!("this must be {one_of}")),
        },
        None => cursor
            .fault(format!("`{}` is missing", field.unwrap_or_default()))
            .hint(format!("it is {one_of}")),
    }
}

fn plain(error: &ValidationError<'_>, cursor: &Cursor<'_>) -> Fault {
    match error.kind() {
        Kind::Required { property } => {
            cursor.fault(format!("`{}` is missing", property.as_str().unwrap_or_default()))
        }
        Kind::Type { kind } => wrong_type(kind, error.instance(), cursor),
        Kind::Minimum { limit } => cursor.fault(format!("this must be {limit} or more")),
        Kind::Maximum { limit } => cursor.fault(format!("this must be {limit} or less")),
        Kind::MinItems { limit } => cursor.fault(format!("this list needs at least {limit} entry")),
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
