//! JSON, TOML and YAML as one tree with places: the libraries read, and the bytes between the places stay.

mod json;
mod toml;
mod yaml;

use std::ops::Range;

pub(super) use json::read as json;
pub(super) use toml::read as toml;
pub(super) use yaml::read as yaml;

/// A value and what it is.
#[derive(Debug)]
pub(super) struct Node {
    /// Of a text: its characters, without quotes.
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text(String),
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// A number, a boolean, nothing: what holds no version.
    Other,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub span: Range<usize>,
    pub text: String,
}

impl Node {
    fn other() -> Self {
        Self { span: 0..0, kind: Kind::Other }
    }

    /// A key's value; of a key that is there twice, the last.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at the end of a way of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where a text stands.
    pub fn spot(&self) -> Option<Spot> {
        self.text().map(|text| Spot { span: self.span.clone(), text: text.to_owned() })
    }

    /// A mapping's entries; of anything else none.
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; of anything else none.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The texts of a list.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Self::text)
    }

    fn moved(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        match &mut self.kind {
            Kind::Map(entries) => {
                for (_, node) in entries {
                    *node = std::mem::replace(node, Self::other()).moved(by);
                }
            }
            Kind::List(items) => {
                for node in items {
                    *node = std::mem::replace(node, Self::other()).moved(by);
                }
            }
            Kind::Text(_) | Kind::Other => {}
        }
        self
    }
}

/// A text without its byte order mark, and how long that was.
fn unmarked(text: &str) -> (&str, usize) {
    text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, '\u{feff}'.len_utf8()))
}

/// Where a text's characters stand in its raw form: between the quotes.
fn inside(raw: &str, text: &str, start: usize) -> Range<usize> {
    if let Some(at) = raw.find(text).filter(|_| !text.is_empty()) {
        return start + at..start + at + text.len();
    }
    let long = raw.len() >= 6 && (raw.starts_with("\"\"\"") || raw.starts_with("'''"));
    let quote = match raw.as_bytes().first() {
        Some(b'"' | b'\'') if long => 3,
        Some(b'"' | b'\'') => 1,
        _ => 0,
    };
    start + quote..(start + raw.len()).saturating_sub(quote).max(start + quote)
}
