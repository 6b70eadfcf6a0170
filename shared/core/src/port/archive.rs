//! Where raw deliveries are kept. A key, once written, never changes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use super::PortError;

/// One stored object: bytes as they came, and small text about them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Object {
    /// The bytes, unchanged.
    pub body: Bytes,
    /// Header names and values, lower-cased names; no credentials among them.
    pub metadata: BTreeMap<String, String>,
}

/// One row of a listing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Listed {
    /// The object's key.
    pub key: String,
    /// Bytes of its body, uncompressed.
    pub size: u64,
    /// When it was stored.
    pub stored: Timestamp,
}

/// Write-once storage of raw deliveries.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Stores it durably, or `Conflict` when the key exists (whatever its bytes).
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError>;
    /// The object, or `NotFound`.
    async fn get(&self, key: &str) -> Result<Object, PortError>;
    /// At most `limit` rows whose keys begin with `prefix` and sort after `after`, in byte order of the keys.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError>;
    /// Removes it; a key that is not there is success.
    async fn delete(&self, key: &str) -> Result<(), PortError>;
}
