//! JSON with places; comments and trailing commas are read over.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::Value,
    common::{Range, Ranged as _},
    parse_to_ast,
};

use super::{Kind, Node, inside, unmarked};
use crate::release::files::fault::Trouble;

/// The document's root.
pub fn read(text: &str) -> Result<Node, Trouble> {
    let (json, mark) = unmarked(text);
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        ..ParseOptions::default()
    };
    let parsed = parse_to_ast(json, &CollectOptions::default(), &options);
    let parsed = parsed
        .map_err(|error| Trouble::at(error.line_display(), format!("this is not JSON: {}", error.kind())))?;
    let value = parsed.value.ok_or_else(|| Trouble::new("the file is empty: it is no JSON"))?;
    Ok(node(json, &value).moved(mark))
}

fn node(json: &str, value: &Value<'_>) -> Node {
    let Range { start, end } = value.range();
    let kind = match value {
        Value::StringLit(literal) => {
            let span = inside(&json[start..end], &literal.value, start);
            return Node { span, kind: Kind::Text(literal.value.to_string()) };
        }
        Value::Object(object) => {
            let entry = |property: &jsonc_parser::ast::ObjectProp<'_>| {
                (property.name.as_str().to_owned(), node(json, &property.value))
            };
            Kind::Map(object.properties.iter().map(entry).collect())
        }
        Value::Array(array) => Kind::List(array.elements.iter().map(|item| node(json, item)).collect()),
        Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => Kind::Other,
    };
    Node { span: start..end, kind }
}
