//! The configuration as a tree that knows its places, and a cursor that walks it whatever shape it has.

use serde_json::{Map, Value};

use super::fault::{Fault, Mark};

/// A YAML node with its place.
#[derive(Debug, Clone)]
pub struct Node {
    pub at: Mark,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// Null, a boolean, a number, a text.
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub struct Key {
    pub at: Mark,
    pub text: String,
}

impl Node {
    /// A mapping without entries.
    pub fn empty(at: Mark) -> Self {
        Self { at, kind: Kind::Mapping(Vec::new()) }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    /// Without the places.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Sequence(items) => items.iter().map(Self::to_value).collect(),
            Kind::Mapping(entries) => {
                let pair = |(key, node): &(Key, Node)| (key.text.clone(), node.to_value());
                Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
            }
        }
    }
}

/// A node and the way to it. What is missing or of another type is simply not there: the schema tells of it.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    node: &'a Node,
    path: String,
}

impl<'a> Cursor<'a> {
    pub fn root(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    pub fn node(&self) -> &'a Node {
        self.node
    }

    pub fn at(&self) -> Mark {
        self.node.at
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<Self> {
        let Kind::Mapping(entries) = &self.node.kind else { return None };
        let (_, node) = entries.iter().find(|(known, _)| known.text == key)?;
        Some(Self { node, path: joined(&self.path, key) })
    }

    /// Where this key itself stands.
    pub fn key_at(&self, key: &str) -> Option<Mark> {
        let Kind::Mapping(entries) = &self.node.kind else { return None };
        entries.iter().find(|(known, _)| known.text == key).map(|(known, _)| known.at)
    }

    /// Keys, their places, and values.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Key, Self)> + use<'a> {
        let (node, path) = (self.node, self.path.clone());
        let entries: &'a [(Key, Node)] = if let Kind::Mapping(entries) = &node.kind { entries } else { &[] };
        entries.iter().map(move |(key, node)| (key, Self { node, path: joined(&path, &key.text) }))
    }

    /// The elements of a sequence.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (node, path) = (self.node, self.path.clone());
        let items: &'a [Node] = if let Kind::Sequence(items) = &node.kind { items } else { &[] };
        items.iter().enumerate().map(move |(index, node)| Self { node, path: format!("{path}[{index}]") })
    }

    /// One element of a sequence.
    #[cfg(feature = "schema")]
    pub fn item(&self, index: usize) -> Option<Self> {
        let Kind::Sequence(items) = &self.node.kind else { return None };
        Some(Self { node: items.get(index)?, path: format!("{}[{index}]", self.path) })
    }

    /// The elements of the sequence under this key.
    pub fn list(&self, key: &str) -> Vec<Self> {
        self.get(key).map(|list| list.items().collect()).unwrap_or_default()
    }

    pub fn is_mapping(&self) -> bool {
        matches!(self.node.kind, Kind::Mapping(_))
    }

    pub fn is_true(&self) -> bool {
        matches!(self.node.kind, Kind::Scalar(Value::Bool(true)))
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(&self.node.kind, Kind::Sequence(items) if items.is_empty())
    }

    /// A text.
    pub fn text(&self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// True or false.
    pub fn truth(&self) -> Option<bool> {
        match &self.node.kind {
            Kind::Scalar(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// The text under this key, with the cursor on it.
    pub fn text_of(&self, key: &str) -> Option<(Self, &'a str)> {
        let cursor = self.get(key)?;
        let text = cursor.text()?;
        Some((cursor, text))
    }

    /// A fault of this node.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.path.clone(), self.at(), message)
    }
}

/// `a.b`, or `a["b c"]` for a key that is no plain word.
pub fn joined(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        _ => format!("{path}[{key:?}]"),
    }
}
