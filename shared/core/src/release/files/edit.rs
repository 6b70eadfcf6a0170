//! Changes a text at places: what stands beside them stays byte for byte.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One place of a text, and what stands there from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub span: Range<usize>,
    pub text: String,
}

impl Edit {
    pub fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// One changed place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its line, from 1.
    pub line: usize,
    /// What stood there.
    pub before: String,
    /// What stands there now: the same, where it was right already.
    pub after: String,
}

/// A file after its update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// All of it.
    pub content: String,
    /// The places, at least one; the first is the file's own version.
    pub places: Vec<Place>,
}

/// Makes the edits, which do not overlap. The places are told in the order of `edits`.
pub(super) fn splice(text: &str, edits: &[Edit]) -> Edited {
    let places = edits.iter().map(|edit| Place {
        line: line_of(text, edit.span.start),
        before: text[edit.span.clone()].to_owned(),
        after: edit.text.clone(),
    });
    let places = places.collect();
    let mut in_order: Vec<&Edit> = edits.iter().collect();
    in_order.sort_by_key(|edit| edit.span.start);
    in_order.dedup_by(|later, earlier| later.span.start < earlier.span.end);
    let (mut content, mut done) = (String::with_capacity(text.len() + 16), 0);
    for edit in in_order {
        content.push_str(&text[done..edit.span.start]);
        content.push_str(&edit.text);
        done = edit.span.end;
    }
    content.push_str(&text[done..]);
    Edited { content, places }
}

/// The line that a byte is in, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}
