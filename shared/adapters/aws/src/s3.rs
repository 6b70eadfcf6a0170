//! The archive on S3. `If-None-Match: *` makes a put the first one, or a conflict.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_s3::{Client, types::Object as Row};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use pointsman_core::{
    form::{self, Form, SIZE},
    port::{Archive, ErrorKind, Listed, Object, PortError},
};

use crate::{Connection, fault::Asked};

/// S3 takes 2 kB of headers.
const HEADERS: usize = 1_800;
/// Rows in one answer of S3.
const PAGE: usize = 1_000;
/// Looks at packed objects at once, while listing.
const LOOKS: usize = 16;

/// A bucket. Its role needs s3:PutObject, s3:GetObject, s3:DeleteObject on its objects and s3:ListBucket on itself.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    name: String,
}

impl S3 {
    /// The archive in this bucket.
    pub fn new(connection: &Connection, bucket: impl Into<String>) -> Self {
        let bucket = bucket.into();
        let name = format!("the bucket `{bucket}`");
        Self { client: Client::new(connection.config()), bucket, name }
    }

    fn asked(&self, right: &'static str) -> Asked<'_> {
        Asked { right, on: &self.name }
    }

    /// One row as the port shows it; `None` where it was deleted meanwhile.
    async fn listed(&self, row: Row) -> Result<Option<Listed>, PortError> {
        let key = row.key.unwrap_or_default();
        let stored = row.last_modified.map(|at| Timestamp::new(at.secs(), 0)).and_then(Result::ok);
        let stored = stored.ok_or_else(|| PortError::internal(format!("S3 tells no time of `{key}`")))?;
        let mut size = u64::try_from(row.size.unwrap_or_default()).unwrap_or_default();
        if form::may_be_packed(size) {
            let looked = self.client.head_object().bucket(&self.bucket).key(&key).send().await;
            match looked.map_err(|error| self.asked("s3:GetObject").failed(&error)) {
                Ok(head) => size = declared_size(head.metadata()).unwrap_or(size),
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(Listed { key, size, stored }))
    }
}

fn declared_size(metadata: Option<&HashMap<String, String>>) -> Option<u64> {
    metadata?.get(SIZE)?.parse().ok()
}

#[async_trait]
impl Archive for S3 {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        let form = Form::of(&object, HEADERS)?;
        let mut put = self.client.put_object().bucket(&self.bucket).key(key).if_none_match("*");
        for (name, value) in form.metadata {
            put = put.metadata(name, value);
        }
        if form.packed {
            put = put.content_encoding("gzip");
        }
        match put.body(form.bytes.into()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = self.asked("s3:PutObject").failed(&error);
                Err(match error.kind {
                    ErrorKind::Conflict => {
                        PortError::conflict(format!("`{key}` is in {} already", self.name))
                    }
                    _ => error,
                })
            }
        }
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        let got = self.client.get_object().bucket(&self.bucket).key(key).send().await.map_err(|error| {
            let error = self.asked("s3:GetObject").failed(&error);
            match error.kind {
                ErrorKind::NotFound => PortError::not_found(format!("there is no `{key}` in {}", self.name)),
                _ => error,
            }
        })?;
        let metadata = got.metadata.unwrap_or_default();
        let bytes: Bytes = got.body.collect().await.map(|body| body.into_bytes()).map_err(|error| {
            PortError::unavailable(format!("`{key}` of {} came only in part", self.name)).caused_by(error)
        })?;
        form::object(&metadata, bytes)
            .map_err(|why| PortError::internal(format!("`{key}` in {} cannot be read: {why}", self.name)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        let mut rows = Vec::new();
        let mut after = after.map(str::to_owned);
        while rows.len() < limit {
            let most = PAGE.min(limit - rows.len());
            let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
            let list = list.set_start_after(after.take()).max_keys(i32::try_from(most).unwrap_or(i32::MAX));
            let page = list.send().await.map_err(|error| self.asked("s3:ListBucket").failed(&error))?;
            let found = page.contents.unwrap_or_default();
            after = found.last().and_then(|row| row.key.clone());
            let looked = stream::iter(found).map(|row| self.listed(row)).buffered(LOOKS);
            rows.extend(looked.try_collect::<Vec<_>>().await?.into_iter().flatten());
            if !page.is_truncated.unwrap_or_default() || after.is_none() {
                break;
            }
        }
        Ok(rows)
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        match deleted.map_err(|error| self.asked("s3:DeleteObject").failed(&error)) {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
