//! How a host writes a call. Hosts differ in how often they put a value into a string.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// So often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// The trigger's value; of a text, its own string counts as the first.
    pub data: u32,
    /// Each value of the metadata.
    pub metadata: u32,
}

impl Encoding {
    /// As the documentation shows it.
    pub const PLAIN: Self = Self { data: 0, metadata: 0 };
    /// Once.
    pub const ONCE: Self = Self { data: 1, metadata: 1 };
    /// As hosts were seen to do it: a text as JSON text in a string.
    pub const SEEN: Self = Self { data: 2, metadata: 1 };
    /// Twice.
    pub const TWICE: Self = Self { data: 2, metadata: 2 };

    /// A call's body.
    pub(crate) fn call(
        self,
        binding: &str,
        value: Value,
        metadata: impl IntoIterator<Item = (String, Value)>,
    ) -> Bytes {
        let metadata: Map<String, Value> =
            metadata.into_iter().map(|(name, value)| (name, encoded(value, self.metadata))).collect();
        json!({ "Data": { binding: encoded(value, self.data) }, "Metadata": metadata }).to_string().into()
    }

    /// A message's body: as JSON where its bytes survive that and strings are not asked for, else as text.
    pub(crate) fn body(self, bytes: &[u8]) -> Value {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let json = serde_json::from_str::<Value>(&text).ok().filter(|_| self.data == 0);
        // Where writing it again gives the same bytes.
        let same = json.as_ref().map(Value::to_string).is_some_and(|again| again == text);
        json.filter(|_| same).unwrap_or(Value::String(text))
    }

    /// The same for texts, whose own string is the first.
    pub(crate) fn of_texts(self) -> Self {
        Self { data: self.data.saturating_sub(1), ..self }
    }
}

fn encoded(value: Value, times: u32) -> Value {
    (0..times).fold(value, |value, _| Value::String(value.to_string()))
}
