//! JSON Schemas made from models, and what they say about a file in words for people: the configuration's, and (by
//! [`Checker`]) that of a repository's settings.
//!
//! Judging by them is the feature `schema`: functions that only read a configuration start without the judge.

use std::sync::LazyLock;

#[cfg(feature = "schema")]
use jsonschema::Validator;
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::Value;

#[cfg(feature = "schema")]
use super::complaint;
#[cfg(not(feature = "schema"))]
use super::plain;
use super::{fault::Fault, model::Config, node::Node};

/// A file with more faults than this is another file.
#[cfg(feature = "schema")]
const MOST: usize = 1_000;

static CONFIG: LazyLock<Checker> =
    LazyLock::new(|| Checker::of::<Config>("urn:pointsman:config", "pointsman.yaml"));

/// The JSON Schema of `pointsman.yaml` (draft 2020-12), for editors too.
pub fn schema() -> Value {
    CONFIG.schema.clone()
}

/// What the schema has against this file.
#[cfg(feature = "schema")]
pub(super) fn check(root: &Node) -> Vec<Fault> {
    CONFIG.check(root)
}

/// What can be said against this file without the schema's judge.
#[cfg(not(feature = "schema"))]
pub(super) fn check(root: &Node) -> Vec<Fault> {
    plain::doubts(root)
}

/// A schema made from a model, and what checks by it.
pub(crate) struct Checker {
    /// The schema itself.
    pub schema: Value,
    #[cfg(feature = "schema")]
    validator: Validator,
}

impl Checker {
    /// The schema of a model's files.
    pub fn of<T: JsonSchema>(id: &str, title: &str) -> Self {
        let settings = SchemaSettings::draft2020_12().with_transform(tidy as fn(&mut Schema));
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.insert("$id".into(), id.into());
        schema.insert("title".into(), title.into());
        let schema = schema.to_value();
        Self {
            #[cfg(feature = "schema")]
            validator: jsonschema::draft202012::new(&schema)
                .expect("the schema is made by us: a test compiles it"),
            schema,
        }
    }

    /// What the schema has against this file; without its judge that is left to serde.
    #[cfg(not(feature = "schema"))]
    #[expect(clippy::unused_self, reason = "as with the judge")]
    pub fn check(&self, _: &Node) -> Vec<Fault> {
        Vec::new()
    }

    /// What the schema has against this file.
    #[cfg(feature = "schema")]
    pub fn check(&self, root: &Node) -> Vec<Fault> {
        let value = root.to_value();
        let told = self.validator.iter_errors(&value).take(MOST);
        told.flat_map(|error| complaint::told(&error, root, &self.schema)).collect()
    }
}

/// A key that is there has a value: schemars lets each `Option` be null, which in YAML is a forgotten value. And a
/// description is one line.
fn tidy(schema: &mut Schema) {
    let is_null = |value: &Value| value == "null" || value.get("type").is_some_and(|kind| kind == "null");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Object(default)) = schema.get_mut("default") {
        default.retain(|_, value| !value.is_null());
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| !is_null(kind));
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            schema.insert("type".into(), kind);
        }
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf")
        && let [Value::Object(choice), null] = choices.as_slice()
        && is_null(null)
    {
        let choice = choice.clone();
        schema.remove("anyOf");
        schema.ensure_object().extend(choice);
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    transform_subschemas(&mut tidy, schema);
}
