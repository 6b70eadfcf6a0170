//! Listings in pages. Storage goes on from its own mark, not from a name: the mark behind each page is remembered for a
//! while, and without it a listing begins anew and leaves out what came before.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use azure_storage_blob::{
    BlobContainerClient,
    models::{BlobContainerClientListBlobsOptions, BlobItem, ListBlobsIncludeItem},
};
use futures::{Stream, StreamExt as _, stream};

/// Blobs in one answer.
const PAGE: usize = 1_000;
/// Marks that are remembered.
const MARKS: usize = 64;

/// A prefix, the last name before the mark, and the mark.
type Mark = (String, String, String);

#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<VecDeque<Mark>>);

impl Pages {
    /// At most `limit` blobs whose names begin with `prefix` and sort after `after`, in order.
    pub(super) async fn list(
        &self,
        client: &BlobContainerClient,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> azure_core::Result<Vec<BlobItem>> {
        let mut found: Vec<BlobItem> = Vec::new();
        let mut mark = after.and_then(|after| self.mark(prefix, after));
        while found.len() < limit {
            // Without a mark some of what comes is not wanted.
            let most = if mark.is_some() || after.is_none() { PAGE.min(limit - found.len()) } else { PAGE };
            let (items, next) = page(client, prefix, mark.take(), most).await?;
            let wanted = items.into_iter().filter(|item| {
                after.is_none_or(|after| item.name.as_deref().is_some_and(|name| name > after))
            });
            let before = found.len();
            found.extend(wanted);
            let whole = found.len() <= limit;
            if let (Some(next), Some(last)) = (&next, found.last().and_then(|item| item.name.clone()))
                && whole
                && found.len() > before
            {
                self.remember(prefix, last, next.clone());
            }
            mark = next;
            if mark.is_none() {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    fn mark(&self, prefix: &str, after: &str) -> Option<String> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = marks.iter().find(|(of, last, _)| of == prefix && last == after);
        found.map(|(_, _, mark)| mark.clone())
    }

    fn remember(&self, prefix: &str, last: String, mark: String) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|(of, before, _)| of != prefix || *before != last);
        if marks.len() == MARKS {
            marks.pop_front();
        }
        marks.push_back((prefix.to_owned(), last, mark));
    }
}

async fn page(
    client: &BlobContainerClient,
    prefix: &str,
    marker: Option<String>,
    most: usize,
) -> azure_core::Result<(Vec<BlobItem>, Option<String>)> {
    let options = BlobContainerClientListBlobsOptions {
        include: Some(vec![ListBlobsIncludeItem::Metadata]),
        marker,
        maxresults: i32::try_from(most).ok(),
        prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
        ..Default::default()
    };
    let mut pages = client.list_blobs(Some(options))?.into_pages();
    let Some(page) = pages.next().await else { return Ok((Vec::new(), None)) };
    let page = page?.into_model()?;
    Ok((page.blob_items, page.next_marker.filter(|mark| !mark.is_empty())))
}

/// Does something with each, so many at once, in order.
pub(super) fn each<T, F: Future>(
    all: Vec<T>,
    at_once: usize,
    what: impl FnMut(T) -> F,
) -> impl Stream<Item = F::Output> {
    stream::iter(all.into_iter().map(what)).buffered(at_once)
}
