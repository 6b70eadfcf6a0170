//! Blob Storage: one container is the archive, another the records.

mod archive;
mod pages;
mod records;

use std::num::NonZero;

pub use archive::BlobArchive;
use azure_core::http::Url;
use azure_storage_blob::{
    BlobContainerClient, BlobContainerClientOptions, models::BlobClientDownloadOptions,
};
use pointsman_core::port::PortError;
pub use records::BlobRecords;

use crate::Connection;

/// The role on both containers.
const ROLE: &str = "Storage Blob Data Contributor";
/// Known to all: the crate's own is newer than what Azurite knows.
const VERSION: &str = "2025-11-05";
/// Storage takes 8 kB of metadata, names and all.
const HEADERS: usize = 7_000;
/// Parts of a large blob that go at the same time: as many as the SDK would take here, which reads the machine's limits anew
/// from its files for each call.
const PARALLEL: Option<NonZero<usize>> = NonZero::new(8);
/// The longest name of a blob.
const LONGEST_KEY: usize = 1_024;

/// A container of an account: `https://ACCOUNT.blob.core.windows.net`, or an emulator's URL with its account.
fn container(connection: &Connection, account: &str, name: &str) -> Result<BlobContainerClient, PortError> {
    let url = format!("{}/{name}", account.trim_end_matches('/'));
    let wrong = |why: String| PortError::invalid(format!("`{url}` is no container of Blob Storage: {why}"));
    let parsed = Url::parse(&url).map_err(|error| wrong(error.to_string()))?;
    let options =
        BlobContainerClientOptions { client_options: connection.options(), version: VERSION.to_owned() };
    BlobContainerClient::new(parsed, connection.token(), Some(options))
        .map_err(|error| wrong(error.to_string()))
}

/// How a blob is read.
fn reading() -> Option<BlobClientDownloadOptions<'static>> {
    Some(BlobClientDownloadOptions { parallel: PARALLEL, ..Default::default() })
}

/// A key as a blob's name: of a `\\` in one storage makes a `/`.
fn name_of(key: &str) -> String {
    key.replace('%', "%25").replace('\\', "%5C")
}

/// The key that a blob's name is.
fn key_of(name: &str) -> String {
    name.replace("%5C", "\\").replace("%25", "%")
}

fn check(key: &str) -> Result<(), PortError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message = format!("a blob's name has 1 to {LONGEST_KEY} bytes, not {}", key.len());
        return Err(PortError::invalid(message));
    }
    Ok(())
}
