//! Sessions: the key within which events stay in order.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// The longest session that both clouds take, in characters.
pub const LONGEST: usize = 128;

/// A session key: 1 to 128 ASCII graphic characters (SQS MessageGroupId, Service Bus SessionId).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session(Arc<str>);

impl Session {
    /// From a key that was a session's before, as a queue keeps it: taken as it is, not escaped again.
    pub fn from_key(key: impl Into<Arc<str>>) -> Self {
        Self(key.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Session {
    /// Anything but ASCII graphic characters, and `%`, is percent-encoded; what is then too long is cut and closed with
    /// a hash. Never refused: two different texts never become one session by accident.
    fn from(text: &str) -> Self {
        let mut key = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'%' => key.push_str("%25"),
                0x21..=0x7e => key.push(char::from(byte)),
                _ => key.push_str(&format!("%{byte:02X}")),
            }
        }
        if key.is_empty() {
            key.push('-');
        }
        if key.len() > LONGEST {
            let hash = hex::encode(&sha2::Sha256::digest(text.as_bytes())[..8]);
            key.truncate(LONGEST - 1 - hash.len());
            key.push('~');
            key.push_str(&hash);
        }
        Self(key.into())
    }
}
