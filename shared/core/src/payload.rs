//! Looks into a payload without building it: one pass picks out the values at known pointers, the rest is skipped.
//!
//! The bytes are never re-serialised; what is picked out are slices of them.

use std::{borrow::Cow, collections::HashMap, fmt, str};

use serde::{
    Deserializer as _,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Deeper nesting is refused: no sender needs it, and readers with a recursive parser would fall over it.
pub const DEEPEST: usize = 128;

/// Which pointers to look at, compiled to a tree.
#[derive(Debug, Default)]
pub struct Lens {
    root: Node,
    slots: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Node {
    slot: Option<usize>,
    children: Vec<(String, Node)>,
}

impl Lens {
    /// A lens over these JSON pointers (RFC 6901).
    pub fn new<'p>(pointers: impl IntoIterator<Item = &'p str>) -> Self {
        let mut lens = Self::default();
        for pointer in pointers {
            lens.add(pointer);
        }
        lens
    }

    /// One pointer more.
    pub fn add(&mut self, pointer: &str) {
        if self.slots.contains_key(pointer) {
            return;
        }
        let slot = self.slots.len();
        self.slots.insert(pointer.to_owned(), slot);
        let mut node = &mut self.root;
        for key in pointer.split('/').skip(1) {
            let key = key.replace("~1", "/").replace("~0", "~");
            let at = node.children.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
                node.children.push((key, Node::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.slot = Some(slot);
    }

    /// One pass over the payload. Its syntax is checked whole, the values outside the lens are skipped.
    pub fn read<'p>(&'p self, payload: &'p [u8]) -> Result<Glance<'p>, Unreadable> {
        let text = str::from_utf8(payload).map_err(|error| Unreadable::Utf8(error.valid_up_to()))?;
        if too_deep(payload) {
            return Err(Unreadable::TooDeep);
        }
        let mut found = vec![None; self.slots.len()];
        let mut json = serde_json::Deserializer::from_str(text);
        Look { node: &self.root, found: &mut found }.deserialize(&mut json)?;
        json.end()?;
        Ok(Glance { lens: self, found })
    }
}

/// Why a payload is no JSON that Pointsman takes.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not UTF-8.
    #[error("the payload is not UTF-8 (byte {0})")]
    Utf8(usize),
    /// Broken JSON.
    #[error("the payload is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Nested too deeply.
    #[error("the payload is nested deeper than {DEEPEST} levels")]
    TooDeep,
}

/// Depth counts brackets outside strings. Most payloads have fewer brackets in all than the limit, which is cheap to see.
fn too_deep(payload: &[u8]) -> bool {
    if memchr::memchr2_iter(b'{', b'[', payload).nth(DEEPEST).is_none() {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in payload {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// What a lens saw in one payload.
#[derive(Debug)]
pub struct Glance<'p> {
    lens: &'p Lens,
    found: Vec<Option<&'p RawValue>>,
}

impl<'p> Glance<'p> {
    /// The JSON text at this pointer; `None` where it is absent or null, or not in the lens.
    pub fn raw(&self, pointer: &str) -> Option<&'p str> {
        let slot = *self.lens.slots.get(pointer)?;
        self.found[slot].map(RawValue::get).filter(|text| *text != "null")
    }

    /// The value as text: a string's characters, a number's or boolean's own text. `None` also for objects, arrays and
    /// the empty string.
    pub fn text(&self, pointer: &str) -> Option<Cow<'p, str>> {
        let raw = self.raw(pointer)?;
        match raw.as_bytes()[0] {
            b'{' | b'[' => None,
            b'"' => unquote(raw).filter(|text| !text.is_empty()),
            _ => Some(Cow::Borrowed(raw)),
        }
    }

    /// The first of these pointers that has a text.
    pub fn first(&self, pointers: &[String]) -> Option<Cow<'p, str>> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }
}

/// A JSON string's characters. Half a surrogate pair, which JSON allows and Rust's strings do not, becomes U+FFFD.
fn unquote(raw: &str) -> Option<Cow<'_, str>> {
    let inner = &raw[1..raw.len() - 1];
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let bytes: Vec<u8> = serde_json::from_str::<Wtf8>(raw).ok()?.0;
    Some(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

/// serde_json reads a lone surrogate only when asked for bytes.
struct Wtf8(Vec<u8>);

impl<'de> serde::Deserialize<'de> for Wtf8 {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Wtf8;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Wtf8, E> {
                Ok(Wtf8(bytes.to_vec()))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

struct Look<'l, 'f, 'p> {
    node: &'l Node,
    found: &'f mut Vec<Option<&'p RawValue>>,
}

impl<'p> DeserializeSeed<'p> for Look<'_, '_, 'p> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'p>>(self, from: D) -> Result<(), D::Error> {
        match self.node.slot {
            None => from.deserialize_any(self),
            Some(slot) => {
                let raw = <&RawValue as serde::Deserialize>::deserialize(from)?;
                self.found[slot] = Some(raw);
                if !self.node.children.is_empty() {
                    let mut inside = serde_json::Deserializer::from_str(raw.get());
                    let look = Look { node: self.node, found: self.found };
                    inside.deserialize_any(look).map_err(de::Error::custom)?;
                }
                Ok(())
            }
        }
    }
}

impl<'p> Visitor<'p> for Look<'_, '_, 'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Choose(self.node))? {
            match child {
                Some(node) => map.next_value_seed(Look { node, found: self.found })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'p>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0.. {
            let child =
                if self.node.children.is_empty() { None } else { self.node.child(&index.to_string()) };
            let more = match child {
                Some(node) => seq.next_element_seed(Look { node, found: self.found })?.is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl Node {
    fn child(&self, key: &str) -> Option<&Self> {
        self.children.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }
}

/// Finds the child that a key names, without keeping the key.
struct Choose<'l>(&'l Node);

impl<'de, 'l> DeserializeSeed<'de> for Choose<'l> {
    type Value = Option<&'l Node>;

    /// As raw text: asked for a key's bytes, serde_json lets control characters through that no JSON may have.
    fn deserialize<D: de::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue as serde::Deserialize>::deserialize(from)?;
        Ok(unquote(raw.get()).and_then(|key| self.0.child(&key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens() -> Lens {
        Lens::new([
            "/action",
            "/repository/full_name",
            "/items/1/id",
            "/check/pulls",
            "/check/pulls/0/n",
            "/a~1b",
        ])
    }

    #[test]
    fn values_are_found_where_the_pointers_say() {
        let payload =
            br#"{"x":[1,{"action":"no"}],"action":"opened","repository":{"id":1e5,"full_name":"Acme/Web"},
            "items":[{"id":1},{"id":22},{"id":3}],"check":{"pulls":[{"n":7}]},"a/b":true}"#;
        let lens = lens();
        let glance = lens.read(payload).unwrap();
        assert_eq!(glance.text("/action").unwrap(), "opened");
        assert_eq!(glance.text("/repository/full_name").unwrap(), "Acme/Web");
        assert_eq!(glance.text("/items/1/id").unwrap(), "22");
        assert_eq!(glance.raw("/check/pulls").unwrap(), r#"[{"n":7}]"#);
        assert_eq!(glance.text("/check/pulls/0/n").unwrap(), "7");
        assert_eq!(glance.text("/a~1b").unwrap(), "true");
    }

    #[test]
    fn what_no_json_may_hold_is_refused_in_keys_too() {
        let lens = lens();
        for bad in [
            "{\"a\u{0}\":1}",
            "{\"repository\":{\"a\u{1}b\":1}}",
            "{\"a\tb\":1}",
            "{\"a\\n\u{1}\":1}",
            "{\"x\":\"\n\"}",
        ] {
            assert!(lens.read(bad.as_bytes()).is_err(), "{bad:?}");
            assert!(serde_json::from_str::<serde_json::Value>(bad).is_err(), "{bad:?}");
        }
        let escaped = r#"{"a\n":1,"\u0061ction":"made","\ud800":2}"#;
        assert_eq!(lens.read(escaped.as_bytes()).unwrap().text("/action").unwrap(), "made");
    }

    #[test]
    fn what_is_absent_null_empty_or_of_another_shape_is_not_there() {
        let lens = lens();
        for payload in [
            "{}",
            "[]",
            "42",
            "null",
            r#""text""#,
            r#"{"action":null}"#,
            r#"{"action":""}"#,
            r#"{"action":{}}"#,
        ] {
            assert_eq!(lens.read(payload.as_bytes()).unwrap().text("/action"), None, "{payload}");
        }
    }

    #[test]
    fn escapes_are_read_and_half_surrogates_replaced() {
        let lens = Lens::new(["/a", "/b"]);
        let glance = lens.read(br#"{"\u0061":"caf\u00e9 \ud83d\ude00","b":"x\ud800y"}"#).unwrap();
        assert_eq!(glance.text("/a").unwrap(), "café 😀");
        assert!(glance.text("/b").unwrap().contains('\u{FFFD}'));
    }

    #[test]
    fn broken_json_is_told_wherever_it_breaks() {
        let lens = lens();
        for broken in [
            &b"{"[..],
            b"",
            b"{}x",
            b"{\"a\":}",
            b"{\"skipped\":[1,}}",
            b"\xff{}",
            b"{\"a\":\"\xc3\"}",
            b"\xef\xbb\xbf{}",
        ] {
            assert!(lens.read(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn nesting_is_bounded_and_brackets_in_strings_do_not_count() {
        let lens = lens();
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(lens.read(nested(DEEPEST).as_bytes()).is_ok());
        assert!(matches!(lens.read(nested(DEEPEST + 1).as_bytes()), Err(Unreadable::TooDeep)));
        assert!(lens.read(format!(r#"{{"a":"\\\"{}"}}"#, "[".repeat(500)).as_bytes()).is_ok());
    }
}
