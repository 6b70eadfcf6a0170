//! YAML with places. Aliases are not followed, so that nothing grows; all documents of a stream are read.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Kind, Node, inside, unmarked};
use crate::release::files::fault::Trouble;

const DEEPEST: usize = 64;

/// Each document's root.
pub fn read(text: &str) -> Result<Vec<Node>, Trouble> {
    let (yaml, mark) = unmarked(text);
    let places = (!yaml.is_ascii()).then(|| yaml.char_indices().map(|(at, _)| at).collect());
    let mut reader = Reader { yaml, places, events: Parser::new_from_str(yaml) };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next()? {
        if !matches!(
            event,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing
        ) {
            documents.push(reader.node(event, span, 0)?.moved(mark));
        }
    }
    Ok(documents)
}

struct Reader<'a> {
    yaml: &'a str,
    /// Where each character begins: the library counts characters, not bytes.
    places: Option<Vec<usize>>,
    events: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Trouble> {
        match self.events.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => Ok(None),
            Some(Ok(read)) => Ok(Some(read)),
            Some(Err(error)) => Err(broken(&error)),
        }
    }

    /// The next event within a collection; `None` at its end.
    fn item(&mut self) -> Result<Option<(Event<'a>, Span)>, Trouble> {
        Ok(self.next()?.filter(|(event, _)| !matches!(event, Event::SequenceEnd | Event::MappingEnd)))
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Trouble> {
        if depth > DEEPEST {
            return Err(Trouble::at(span.start.line(), "this YAML is nested too deeply"));
        }
        let kind = match event {
            Event::Scalar(text, style, ..) => return Ok(self.scalar(&text, style, span)),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.item()? {
                    items.push(self.node(event, span, depth + 1)?);
                }
                Kind::List(items)
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                while let Some((event, span)) = self.item()? {
                    let key = self.node(event, span, depth + 1)?;
                    let Some((event, span)) = self.item()? else { break };
                    let value = self.node(event, span, depth + 1)?;
                    if let Kind::Text(key) = key.kind {
                        entries.push((key, value));
                    }
                }
                Kind::Map(entries)
            }
            _ => Kind::Other,
        };
        Ok(Node { span: 0..0, kind })
    }

    /// A number is a text, too: `1.10` is a version. One that stands there otherwise than it reads holds none.
    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let raw = self.yaml.get(start..end).unwrap_or_default();
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let text = if block { text.trim_end() } else { text };
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let nothing = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null");
        if nothing || (!quoted && !raw.contains(text)) {
            return Node { span: start..end, kind: Kind::Other };
        }
        Node { span: inside(raw, text, start), kind: Kind::Text(text.to_owned()) }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.places {
            Some(places) => places.get(character).copied().unwrap_or(self.yaml.len()),
            None => character.min(self.yaml.len()),
        }
    }
}

fn broken(error: &ScanError) -> Trouble {
    Trouble::at(error.marker().line().max(1), format!("this is not YAML: {}", error.info()))
}
