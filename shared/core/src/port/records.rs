//! Small versioned records with an expiry: routing marks, cursors, leases, ETags.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortError;

/// Changes with every write of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version(pub String);

/// A record as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its key.
    pub key: String,
    /// At most 64 kB.
    pub value: Bytes,
    /// To be named in [`Expect::Version`].
    pub version: Version,
}

/// What a write takes for granted; otherwise it is refused with `Conflict` and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    /// No unexpired record has this key.
    Absent,
    /// The record is still the one that was read.
    Version(Version),
    /// Whatever is there.
    Anything,
}

/// Compare-and-swap storage. A record past its expiry is absent for every method.
#[async_trait]
pub trait Records: Send + Sync {
    /// The record, or `None`.
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError>;
    /// Writes durably if `expect` holds, else `Conflict`.
    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError>;
    /// At most `limit` records whose keys begin with `prefix` and sort after `after`, in byte order of the keys.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError>;
    /// Removes it if `expect` holds, else `Conflict`; removing what is absent is success.
    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError>;
}
