//! What was read before: by ETag, or for good where it can never change.
//!
//! In memory (bounded) and, where it fits, in Records for a day, so that it serves the next invocation too. Kept is the
//! part that our models use. One identity never sees what another one was shown.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::port::{Expect, Records};
use quick_cache::{OptionsBuilder, Weighter, sync};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::{about::About, client::Auth};

/// Where the records of answers lie.
pub const ANSWERS: &str = "github/answers/";
/// What is kept in memory, in bytes.
const ROOM: u64 = 32 << 20;
/// The longest value of a record.
const LONGEST: usize = 64_000;
/// How long a record is kept.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A record is written again after this long, so that what is used does not expire.
const RENEW: SignedDuration = SignedDuration::from_hours(12);

/// How long an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Until GitHub says otherwise: asked again, with its ETag.
    Tagged,
    /// For good: never asked again. That it is missing is not kept: it may only not be visible yet.
    Immutable,
    /// For good, also that it is missing: a path at a commit that is there.
    Path,
}

/// An answer that was kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub etag: Option<String>,
    pub next: Option<String>,
    /// The model as JSON; `None` = GitHub has no such thing.
    pub body: Option<Bytes>,
    pub about: About,
    pub written: Timestamp,
}

/// Names an answer: who asked, for what, in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    pub fn of(auth: &Auth, url: &str, accept: &str) -> Self {
        let who = match auth {
            Auth::Nobody => "nobody".to_owned(),
            Auth::App => "app".to_owned(),
            // Not by repository: the URL has it.
            Auth::Installation((id, _)) => format!("installation {id}"),
            Auth::Token(reference) => format!("token {reference}"),
        };
        let mut hash = Sha256::new();
        for part in [&who, url, accept] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self(hash.finalize().into())
    }

    fn record(&self) -> String {
        format!("{ANSWERS}{}", hex::encode(self.0))
    }
}

#[derive(Clone)]
struct BySize;

impl Weighter<CacheKey, Arc<Kept>> for BySize {
    fn weight(&self, _: &CacheKey, kept: &Arc<Kept>) -> u64 {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let named = text(&kept.etag) + text(&kept.next) + kept.about.path.len();
        (kept.body.as_ref().map_or(0, Bytes::len) + named + 200) as u64
    }
}

/// A record's value.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    body: Box<RawValue>,
    #[serde(default)]
    about: About,
    written: Timestamp,
}

/// Both places.
pub(crate) struct Cache {
    near: sync::Cache<CacheKey, Arc<Kept>, BySize>,
    far: Option<Arc<dyn Records>>,
}

impl Cache {
    pub fn new(far: Option<Arc<dyn Records>>) -> Self {
        let options =
            OptionsBuilder::new().estimated_items_capacity(1000).weight_capacity(ROOM).shards(1).build();
        let options = options.expect("all that must be said is said");
        let near = sync::Cache::with_options(options, BySize, Default::default(), Default::default());
        Self { near, far }
    }

    pub async fn get(&self, key: CacheKey) -> Option<Arc<Kept>> {
        if let Some(kept) = self.near.get(&key) {
            return Some(kept);
        }
        let far = self.far.as_ref()?;
        // A cache that cannot be read costs requests, not the pass.
        let record =
            far.get(&key.record()).await.inspect_err(|error| tracing::warn!(%error, "ETags")).ok()??;
        let Stored { etag, next, body, about, written } = serde_json::from_slice(&record.value).ok()?;
        let body = Some(Bytes::copy_from_slice(body.get().as_bytes()));
        let kept = Arc::new(Kept { etag, next, body, about, written });
        self.near.insert(key, kept.clone());
        Some(kept)
    }

    pub async fn put(&self, key: CacheKey, kept: Kept) {
        let kept = Arc::new(kept);
        self.near.insert(key, kept.clone());
        self.store(key, &kept).await;
    }

    /// Said of an answer that GitHub still stands by.
    pub async fn renew(&self, key: CacheKey, kept: &Kept, now: Timestamp) {
        if now.duration_since(kept.written) > RENEW {
            self.put(key, Kept { written: now, ..kept.clone() }).await;
        }
    }

    /// Not what is missing: that may only be not visible yet, and a day is long.
    async fn store(&self, key: CacheKey, kept: &Kept) {
        let (Some(far), Some(body)) = (&self.far, &kept.body) else { return };
        if body.len() > LONGEST {
            return;
        }
        let text = String::from_utf8(body.to_vec()).ok();
        let Some(body) = text.and_then(|text| RawValue::from_string(text).ok()) else { return };
        let Kept { etag, next, about, written, .. } = kept.clone();
        let stored = Stored { etag, next, body, about, written };
        let value = serde_json::to_vec(&stored).expect("our own types are JSON");
        if value.len() > LONGEST {
            return;
        }
        let expires = kept.written + DAY;
        let put = far.put_if(&key.record(), value.into(), Expect::Anything, Some(expires)).await;
        if let Err(error) = put {
            tracing::warn!(%error, "ETags");
        }
    }
}
