//! What the host says about a trigger beside its data: names in any case, values in any encoding.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::peel::{items, peeled, word};

/// A trigger's metadata.
#[derive(Debug, Default)]
pub(crate) struct Metadata(HashMap<String, Box<RawValue>>);

/// Whose metadata: of the one message, or of one in a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    One,
    Nth(usize),
}

impl Metadata {
    /// Of an object, however it is encoded; nothing of anything else.
    pub(crate) fn read(raw: &RawValue) -> Self {
        let read: HashMap<String, Box<RawValue>> =
            serde_json::from_str(&peeled(raw.get())).unwrap_or_default();
        Self(read.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    }

    /// What this name says; in a batch it is an item of `{name}Array`.
    pub(crate) fn word(&self, name: &str, of: Of) -> Option<String> {
        word(self.value(name, of)?.as_ref())
    }

    /// The pairs that this name says, those that are scalars.
    pub(crate) fn pairs(&self, name: &str, of: Of) -> Option<Vec<(String, String)>> {
        let value = self.value(name, of)?;
        let read: HashMap<String, Box<RawValue>> = serde_json::from_str(&peeled(&value)).ok()?;
        Some(read.into_iter().filter_map(|(name, value)| Some((name, word(value.get())?))).collect())
    }

    /// Whether it has this name, of one or of a batch.
    pub(crate) fn names(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.0.contains_key(&name) || self.0.contains_key(&format!("{name}array"))
    }

    fn value(&self, name: &str, of: Of) -> Option<String> {
        let name = name.to_ascii_lowercase();
        match of {
            Of::One => Some(self.0.get(&name)?.get().to_owned()),
            Of::Nth(index) => {
                let list = items(self.0.get(&format!("{name}array"))?.get())?;
                Some(list.get(index)?.get().to_owned())
            }
        }
    }
}
