//! The configuration's JSON Schema, made from the model, and what it says about a file in words for people.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::{Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::Value;

use super::{complaint, fault::Fault, model::Config, node::Node};

/// A file with more faults than this is another file.
const MOST: usize = 1_000;

static SCHEMA: LazyLock<Value> = LazyLock::new(schema);
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::draft202012::new(&SCHEMA).expect("the schema is made by us: a test compiles it")
});

/// The JSON Schema of `pointsman.yaml` (draft 2020-12), for editors too.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(tidy as fn(&mut Schema));
    let mut schema = settings.into_generator().into_root_schema_for::<Config>();
    schema.insert("$id".into(), "urn:pointsman:config".into());
    schema.insert("title".into(), "pointsman.yaml".into());
    schema.to_value()
}

/// What the schema has against this file.
pub(super) fn check(root: &Node) -> Vec<Fault> {
    let value = root.to_value();
    let told = VALIDATOR.iter_errors(&value).take(MOST);
    told.flat_map(|error| complaint::told(&error, root, &SCHEMA)).collect()
}

/// A key that is there has a value: schemars lets each `Option` be null, which in YAML is a forgotten value. And a
/// description is one line.
fn tidy(schema: &mut Schema) {
    let is_null = |value: &Value| value == "null" || value.get("type").is_some_and(|kind| kind == "null");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
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
