//! Reads YAML into a tree with places. A small, safe YAML: one document, no aliases, no tags, no duplicate keys, bounded.

use std::{borrow::Cow, collections::HashSet};

use saphyr::{Scalar, ScalarStyle};
use saphyr_parser::{Event, Marker, Parser, StrInput};
use serde_json::Value;

use super::{
    fault::{Fault, Mark},
    node::{Key, Kind, Node, joined},
};

/// The longest file that is read, in bytes.
pub const LONGEST: usize = 1 << 20;
const DEEPEST: usize = 32;
const MOST_NODES: usize = 250_000;

/// The one document's root (null for an empty text) without what was refused, and the faults; or why it cannot be read.
pub fn read(text: &str) -> Result<(Node, Vec<Fault>), Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > LONGEST {
        return Err(vec![Fault::new("", Mark::START, format!("the file is longer than {LONGEST} bytes"))]);
    }
    if let Some(fault) = control_character(text) {
        return Err(vec![fault]);
    }
    let mut reader = Reader { events: Parser::new_from_str(text), faults: Vec::new(), nodes: 0 };
    match reader.document() {
        Ok(root) => Ok((root, reader.faults)),
        Err(Fatal(fault)) => {
            reader.faults.push(fault);
            Err(reader.faults)
        }
    }
}

/// The scanner takes NUL for the end of the text: whatever follows would be left out in silence.
fn control_character(text: &str) -> Option<Fault> {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let (place, found) = text.char_indices().find(|(_, c)| bad(*c))?;
    // A line ends as YAML has it: by either, or by both.
    let before = text[..place].replace("\r\n", "\n");
    let mut lines = before.split(['\n', '\r']).rev();
    let column = lines.next().map_or(0, |line| line.chars().count());
    let at = Mark { line: lines.count() + 1, column: column + 1 };
    Some(Fault::new("", at, format!("the control character U+{:04X} has no place in YAML", u32::from(found))))
}

/// A fault after which the rest cannot be read.
struct Fatal(Fault);

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    faults: Vec<Fault>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Fatal> {
        let mut root = None;
        loop {
            let (event, at) = self.next("")?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    let fault = Fault::new("", at, "a second document begins here");
                    return Err(Fatal(fault.hint("a configuration is one document: remove the `---`")));
                }
                Event::DocumentStart(_) => {
                    let (event, at) = self.next("")?;
                    root = self.node(event, at, "", 0)?;
                }
                _ => {}
            }
        }
        Ok(root.unwrap_or(Node { at: Mark::START, kind: Kind::Scalar(Value::Null) }))
    }

    fn next(&mut self, path: &str) -> Result<(Event<'a>, Mark), Fatal> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, mark(&span.start))),
            Some(Err(error)) => {
                let fault =
                    Fault::new(path, mark(error.marker()), format!("this is not YAML: {}", error.info()));
                Err(Fatal(with_hint(fault, error.info())))
            }
            None => Ok((Event::StreamEnd, Mark::START)),
        }
    }

    /// The node that begins with `event`; `None` for one that is refused, and told.
    fn node(&mut self, event: Event<'a>, at: Mark, path: &str, depth: usize) -> Result<Option<Node>, Fatal> {
        self.nodes += 1;
        if depth > DEEPEST || self.nodes > MOST_NODES {
            let what =
                if depth > DEEPEST { "this is nested too deeply" } else { "the file has too many values" };
            return Err(Fatal(Fault::new(path, at, what)));
        }
        let (anchor, tagged) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor != 0 {
            let fault = Fault::new(path, at, "anchors (`&name`) are not taken");
            self.faults.push(fault.hint("write the value out where it is needed"));
        }
        if tagged {
            let fault = Fault::new(path, at, "tags (`!name`) are not taken");
            self.faults.push(fault.hint("a value in quotes is a text"));
        }
        let kind = match event {
            Event::Scalar(text, style, ..) => Kind::Scalar(scalar(text, style)),
            Event::SequenceStart(..) => Kind::Sequence(self.sequence(path, depth)?),
            Event::MappingStart(..) => Kind::Mapping(self.mapping(path, depth)?),
            _ => {
                let fault = Fault::new(path, at, "aliases (`*name`) are not taken");
                self.faults
                    .push(fault.hint("write the value out; in quotes if a text was meant, such as \"*\""));
                return Ok(None);
            }
        };
        Ok(Some(Node { at, kind }))
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Result<Vec<Node>, Fatal> {
        let mut items = Vec::new();
        for index in 0.. {
            let path = format!("{path}[{index}]");
            let (event, at) = self.next(&path)?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                break;
            }
            items.extend(self.node(event, at, &path, depth + 1)?);
        }
        Ok(items)
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Vec<(Key, Node)>, Fatal> {
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        loop {
            let (event, at) = self.next(path)?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                return Ok(entries);
            }
            let text = match &event {
                Event::Scalar(text, ..) => text.clone().into_owned(),
                _ => String::new(),
            };
            let complex =
                self.node(event, at, path, depth + 1)?.is_none_or(|key| !matches!(key.kind, Kind::Scalar(_)));
            let key_path = if complex { path.to_owned() } else { joined(path, &text) };
            let (event, value_at) = self.next(&key_path)?;
            let value = self.node(event, value_at, &key_path, depth + 1)?;
            let refusal = match text.as_str() {
                _ if complex => Some(("a key must be a text", "write `key: value`")),
                "" => Some(("a key is missing before the colon", "write `key: value`")),
                "<<" => Some(("merge keys (`<<`) are not taken", "write the values out")),
                _ if !seen.insert(text.clone()) => Some(("this key is there twice", "keep one of the two")),
                _ => None,
            };
            match (refusal, value) {
                (Some((message, hint)), _) => self.faults.push(Fault::new(key_path, at, message).hint(hint)),
                (None, Some(value)) => entries.push((Key { at, text }, value)),
                (None, None) => {}
            }
        }
    }
}

/// Typed by YAML 1.2's core schema: `yes` is a text, `~` is null. What JSON cannot say (`.inf`) stays a text.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    match Scalar::parse_from_cow_and_metadata(text.clone(), style, None) {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Boolean(value)) => value.into(),
        Some(Scalar::Integer(value)) => value.into(),
        Some(Scalar::FloatingPoint(value)) if value.is_finite() => value.into_inner().into(),
        _ => text.into_owned().into(),
    }
}

fn mark(marker: &Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1 }
}

fn with_hint(fault: Fault, info: &str) -> Fault {
    if info.contains("tab") {
        fault.hint("indent with spaces")
    } else if info.contains("anchor") || info.contains("alias") {
        fault.hint("`*` and `&` begin an alias or an anchor: put the text in quotes, such as \"*\"")
    } else if info.contains("token") {
        fault.hint("`@`, `` ` `` and `%` cannot begin a plain text: put it in quotes")
    } else {
        fault
    }
}
