//! TOML with places.

use toml_edit::{Document, Item, TableLike, Value};

use super::{Kind, Node, inside, unmarked};
use crate::release::files::{edit::line_of, fault::Trouble};

/// The document's root.
pub fn read(text: &str) -> Result<Node, Trouble> {
    let (toml, mark) = unmarked(text);
    let document = Document::parse(toml).map_err(|error| {
        let what = error.message().replace('\n', ", ").replace(", expected nothing", "");
        let message = format!("this is not TOML: {what}");
        let line = error.span().map(|span| line_of(toml, span.start));
        Trouble { line, ..Trouble::new(message) }
    })?;
    Ok(map(toml, document.as_table()).moved(mark))
}

fn map(toml: &str, table: &dyn TableLike) -> Node {
    let entries = table.iter().map(|(key, item)| (key.to_owned(), node(toml, item)));
    Node { span: 0..0, kind: Kind::Map(entries.collect()) }
}

fn node(toml: &str, item: &Item) -> Node {
    match item {
        Item::None => Node::other(),
        Item::Value(value) => of_value(toml, value),
        Item::Table(table) => map(toml, table),
        Item::ArrayOfTables(tables) => {
            let items = tables.iter().map(|table| map(toml, table)).collect();
            Node { span: 0..0, kind: Kind::List(items) }
        }
    }
}

fn of_value(toml: &str, value: &Value) -> Node {
    let span = value.span().unwrap_or_default();
    match value {
        Value::String(text) => {
            let span = inside(&toml[span.clone()], text.value(), span.start);
            Node { span, kind: Kind::Text(text.value().clone()) }
        }
        Value::InlineTable(table) => map(toml, table),
        Value::Array(array) => {
            Node { span, kind: Kind::List(array.iter().map(|item| of_value(toml, item)).collect()) }
        }
        _ => Node { span, kind: Kind::Other },
    }
}
