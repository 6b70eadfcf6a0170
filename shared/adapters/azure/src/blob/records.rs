//! Records in a container: one blob each, its ETag as version, and an expiry that holds before any removal comes: `expires`
//! in milliseconds and `write`, by which a write knows itself, are its metadata.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::{
    BlobContainerClient,
    models::{BlobClientDeleteOptions, BlobClientUploadOptions},
};
use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use pointsman_core::port::{Clock, ErrorKind, Expect, PortError, Record, Records, Version};

use super::{
    PARALLEL, ROLE, check, container, key_of, name_of,
    pages::{Pages, each},
    reading,
};
use crate::{Connection, fault::Asked};

/// The largest value that the port promises to take, in bytes.
const LARGEST: usize = 64 << 10;
/// Records that a listing reads at once.
const READS: usize = 16;

const EXPIRES: &str = "expires";
const WRITE: &str = "write";

/// Records, on whose container its identity needs the role "Storage Blob Data Contributor".
pub struct BlobRecords {
    client: BlobContainerClient,
    name: String,
    clock: Arc<dyn Clock>,
    pages: Pages,
}

/// A record as it lies there, expired or not.
struct Found {
    record: Record,
    expires: Option<i64>,
    write: Option<String>,
}

impl BlobRecords {
    /// The records in this container of the account with this URL.
    pub fn new(
        connection: &Connection,
        account: &str,
        name: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PortError> {
        let client = container(connection, account, name)?;
        Ok(Self { client, name: format!("the container `{name}`"), clock, pages: Pages::default() })
    }

    fn asked(&self, doing: &'static str) -> Asked<'_> {
        Asked { doing, on: &self.name, role: ROLE }
    }

    fn alive(&self, found: &Found) -> bool {
        found.expires.is_none_or(|expires| expires > self.clock.now().as_millisecond())
    }

    async fn find(&self, key: &str) -> Result<Option<Found>, PortError> {
        let got = match self.client.blob_client(&name_of(key)).download(reading()).await {
            Ok(got) => got,
            Err(error) => match self.asked("reading from").failed(&error) {
                error if error.kind == ErrorKind::NotFound => return Ok(None),
                error => return Err(error),
            },
        };
        let field = |name: &str| {
            let mut all = got.properties.metadata.iter();
            all.find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let (expires, write) = (field(EXPIRES).and_then(|text| text.parse().ok()), field(WRITE));
        let etag = got.properties.etag.map(|etag| etag.to_string()).unwrap_or_default();
        let value = got.body.collect().await.map_err(|error| {
            PortError::unavailable(format!("`{key}` of {} came only in part: {error}", self.name))
        })?;
        Ok(Some(Found {
            record: Record { key: key.to_owned(), value, version: Version(etag) },
            expires,
            write,
        }))
    }

    /// Writes once, if the condition holds; `None`: it does not.
    async fn write(
        &self,
        key: &str,
        value: Bytes,
        condition: Condition,
        metadata: &HashMap<String, String>,
    ) -> Result<Option<Version>, PortError> {
        let (if_match, if_none_match) = condition.headers();
        let options = BlobClientUploadOptions {
            if_match,
            if_none_match,
            metadata: Some(metadata.clone()),
            parallel: PARALLEL,
            ..Default::default()
        };
        let content = RequestContent::from(value.to_vec());
        match self.client.blob_client(&name_of(key)).upload(content, Some(options)).await {
            Ok(written) => Ok(Some(Version(written.etag.map(|etag| etag.to_string()).unwrap_or_default()))),
            Err(error) => match self.asked("writing to").failed(&error) {
                error if matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound) => Ok(None),
                error => Err(error),
            },
        }
    }

    fn conflict(&self, key: &str) -> PortError {
        PortError::conflict(format!("the record `{key}` in {} is another one than expected", self.name))
    }
}

/// What a write takes for granted.
enum Condition {
    Anything,
    Nothing,
    This(String),
}

impl Condition {
    fn headers(self) -> (Option<Etag>, Option<Etag>) {
        match self {
            Self::Anything => (None, None),
            Self::Nothing => (None, Some(Etag::from("*"))),
            Self::This(etag) => (Some(Etag::from(etag)), None),
        }
    }
}

/// Storage takes no other text for an ETag; what is none can be no record's version.
fn is_etag(version: &Version) -> bool {
    let text = version.0.trim_start_matches("W/");
    text.len() > 2 && text.starts_with('"') && text.ends_with('"') || text.starts_with("0x")
}

#[async_trait]
impl Records for BlobRecords {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        check(key)?;
        let found = self.find(key).await?.filter(|found| self.alive(found));
        Ok(found.map(|found| found.record))
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        check(key)?;
        if value.len() > LARGEST {
            let message = format!("the record `{key}` has {} bytes: {LARGEST} is the most", value.len());
            return Err(PortError::invalid(message));
        }
        let write = uuid::Uuid::new_v4().simple().to_string();
        let mut metadata = HashMap::from([(WRITE.to_owned(), write.clone())]);
        metadata.extend(expires.map(|at| (EXPIRES.to_owned(), at.as_millisecond().to_string())));
        let condition = match &expect {
            Expect::Anything => Condition::Anything,
            Expect::Absent => Condition::Nothing,
            Expect::Version(version) => {
                // The blob may be the one that was read and its record have expired since.
                let alive =
                    self.find(key).await?.is_some_and(|it| self.alive(&it) && it.record.version == *version);
                if !alive || !is_etag(version) {
                    return Err(self.conflict(key));
                }
                Condition::This(version.0.clone())
            }
        };
        if let Some(version) = self.write(key, value.clone(), condition, &metadata).await? {
            return Ok(version);
        }
        match self.find(key).await? {
            // The write was repeated because its answer got lost.
            Some(found) if found.write.as_deref() == Some(&write) => Ok(found.record.version),
            Some(found) if expect == Expect::Absent && !self.alive(&found) => {
                let condition = Condition::This(found.record.version.0);
                let written = self.write(key, value, condition, &metadata).await?;
                written.ok_or_else(|| self.conflict(key))
            }
            _ => Err(self.conflict(key)),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        let mut records = Vec::new();
        let (prefix, mut after) = (name_of(prefix), after.map(name_of));
        while records.len() < limit {
            let most = limit - records.len();
            let items = self.pages.list(&self.client, &prefix, after.as_deref(), most).await;
            let items = items.map_err(|error| self.asked("listing").failed(&error))?;
            let last = items.len() < most;
            let keys: Vec<_> = items.into_iter().filter_map(|item| item.name).collect();
            after = keys.last().cloned().or(after);
            let found: Vec<_> =
                each(keys, READS, |key| async move { self.find(&key_of(&key)).await }).try_collect().await?;
            let alive = found.into_iter().flatten().filter(|found| self.alive(found));
            records.extend(alive.map(|found| found.record));
            if last {
                break;
            }
        }
        Ok(records)
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        check(key)?;
        let condition = match expect {
            Expect::Anything => Condition::Anything,
            Expect::Absent | Expect::Version(_) => {
                let found = self.find(key).await?.filter(|found| self.alive(found));
                match (found, expect) {
                    (None, _) => return Ok(()),
                    (Some(found), Expect::Version(version)) if found.record.version == version => {
                        Condition::This(version.0)
                    }
                    _ => return Err(self.conflict(key)),
                }
            }
        };
        let (if_match, if_none_match) = condition.headers();
        let options = BlobClientDeleteOptions { if_match, if_none_match, ..Default::default() };
        match self.client.blob_client(&name_of(key)).delete(Some(options)).await {
            Ok(_) => Ok(()),
            Err(error) => match self.asked("deleting from").failed(&error) {
                error if error.kind == ErrorKind::NotFound => Ok(()),
                error if error.kind == ErrorKind::Conflict => Err(self.conflict(key)),
                error => Err(error),
            },
        }
    }
}
