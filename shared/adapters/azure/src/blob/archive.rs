//! The archive in a container. `If-None-Match: *` makes a put the first one, or a conflict.

use std::collections::HashMap;

use async_trait::async_trait;
use azure_core::http::{Etag, RequestContent};
use azure_storage_blob::{
    BlobContainerClient,
    models::{BlobClientUploadOptions, BlobItem},
};
use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    form::{self, Form, SIZE},
    port::{Archive, ErrorKind, Listed, Object, PortError},
};

use super::{HEADERS, PARALLEL, ROLE, check, container, key_of, name_of, pages::Pages, reading};
use crate::{Connection, fault::Asked};

/// The archive in a container, on which its identity needs the role "Storage Blob Data Contributor".
pub struct BlobArchive {
    client: BlobContainerClient,
    name: String,
    pages: Pages,
}

impl BlobArchive {
    /// The archive in this container of the account with this URL.
    pub fn new(connection: &Connection, account: &str, name: &str) -> Result<Self, PortError> {
        let client = container(connection, account, name)?;
        Ok(Self { client, name: format!("the container `{name}`"), pages: Pages::default() })
    }

    fn asked(&self, doing: &'static str) -> Asked<'_> {
        Asked { doing, on: &self.name, role: ROLE }
    }

    fn listed(&self, item: BlobItem) -> Result<Listed, PortError> {
        let key = key_of(&item.name.unwrap_or_default());
        let properties = item.properties.unwrap_or_default();
        let declared = item.metadata.and_then(|all| all.values).and_then(|all| {
            let size = all.into_iter().find(|(name, _)| header(name) == SIZE)?.1;
            size.parse().ok()
        });
        let size = declared.or(properties.content_length).unwrap_or_default();
        let stored = properties.last_modified.map(|at| Timestamp::from_nanosecond(at.unix_timestamp_nanos()));
        let stored = stored.and_then(Result::ok);
        let none = || PortError::internal(format!("{} tells no time of `{key}`", self.name));
        let stored = stored.ok_or_else(none)?;
        Ok(Listed { key, size, stored })
    }
}

/// Metadata's names are those of variables in C#, and come back in any case.
fn variable(header: &str) -> String {
    header.replace('-', "_")
}

fn header(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', "-")
}

#[async_trait]
impl Archive for BlobArchive {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        check(key)?;
        let form = Form::of(&object, HEADERS)?;
        let metadata = form.metadata.into_iter().map(|(name, value)| (variable(name), value));
        let options = BlobClientUploadOptions {
            blob_content_encoding: form.packed.then(|| "gzip".to_owned()),
            if_none_match: Some(Etag::from("*")),
            metadata: Some(metadata.collect()),
            parallel: PARALLEL,
            ..Default::default()
        };
        let content = RequestContent::from(form.bytes.to_vec());
        match self.client.blob_client(&name_of(key)).upload(content, Some(options)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = self.asked("putting into").failed(&error);
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
        check(key)?;
        let got = self.client.blob_client(&name_of(key)).download(reading()).await.map_err(|error| {
            let error = self.asked("reading from").failed(&error);
            match error.kind {
                ErrorKind::NotFound => PortError::not_found(format!("there is no `{key}` in {}", self.name)),
                _ => error,
            }
        })?;
        let metadata: HashMap<_, _> =
            got.properties.metadata.iter().map(|(name, value)| (header(name), value.clone())).collect();
        let bytes: Bytes = got.body.collect().await.map_err(|error| {
            PortError::unavailable(format!("`{key}` of {} came only in part: {error}", self.name))
        })?;
        form::object(&metadata, bytes)
            .map_err(|why| PortError::internal(format!("`{key}` in {} cannot be read: {why}", self.name)))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        let (prefix, after) = (name_of(prefix), after.map(name_of));
        let items = self.pages.list(&self.client, &prefix, after.as_deref(), limit).await;
        let items = items.map_err(|error| self.asked("listing").failed(&error))?;
        items.into_iter().map(|item| self.listed(item)).collect()
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        check(key)?;
        match self.client.blob_client(&name_of(key)).delete(None).await {
            Ok(_) => Ok(()),
            Err(error) => match self.asked("deleting from").failed(&error) {
                error if error.kind == ErrorKind::NotFound => Ok(()),
                error => Err(error),
            },
        }
    }
}
