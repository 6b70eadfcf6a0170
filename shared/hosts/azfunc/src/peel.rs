//! JSON out of the strings that it was put into. Hosts differ: a value comes as it is, or as text once, or twice.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A text is one string, and may have been encoded twice more.
const MOST: usize = 3;

/// The innermost text: JSON, or a text that is none. Bytes that are no string's are left as they came.
pub(crate) fn peeled(raw: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(raw);
    for _ in 0..MOST {
        if !text.trim_start().starts_with('"') {
            break;
        }
        match serde_json::from_str::<String>(&text) {
            Ok(inner) => text = Cow::Owned(inner),
            Err(_) => break,
        }
    }
    text
}

/// What a scalar says; `None` where it says nothing.
pub(crate) fn word(raw: &str) -> Option<String> {
    let text = peeled(raw);
    let text = text.trim();
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// The items of a list; `None` where it is none.
pub(crate) fn items(raw: &str) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(&peeled(raw)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_as_it_is_once_and_twice_encoded() {
        for value in ["m1", "Żółw \"🚂\"", "42", "line\nbreak"] {
            let mut raw = serde_json::to_string(value).unwrap();
            for times in 0..3 {
                assert_eq!(word(&raw).as_deref(), Some(value), "{times} times: {raw}");
                raw = serde_json::to_string(&raw).unwrap();
            }
        }
        assert_eq!((word("7"), word("\"7\"")), (Some("7".into()), Some("7".into())));
        for nothing in ["null", "\"null\"", "\"\"", "\"\\\"\\\"\""] {
            assert_eq!(word(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_string_is_left_byte_for_byte() {
        for text in [r#"{ "a" : "\u017b" }"#, "[1, 2]", "\"open"] {
            assert_eq!(peeled(text), text);
        }
        assert_eq!(peeled(r#""{ \"a\" : 1 }""#), r#"{ "a" : 1 }"#);
    }

    #[test]
    fn a_list_may_be_text_and_so_may_its_items() {
        for raw in [r#"["a","b"]"#, r#""[\"a\",\"b\"]""#, r#"["\"a\"","b"]"#] {
            let words: Vec<_> = items(raw).unwrap().iter().filter_map(|item| word(item.get())).collect();
            assert_eq!(words, ["a", "b"], "{raw}");
        }
        assert!(items("{}").is_none() && items("null").is_none());
    }
}
