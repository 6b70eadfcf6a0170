//! What all functions of the process work with, whatever is behind it.

use std::sync::Arc;

use futures::future::BoxFuture;
use pointsman_core::{
    pipeline,
    port::{Archive, Clock, Handover, Http, Queue, QueueAdmin, Records, Secrets},
};
use pointsman_github::Pace;

/// Reads secrets again, where that may help; says whether it did.
pub type Refresh = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// The ports, each once for all functions.
#[derive(Clone)]
pub struct World {
    /// Raw deliveries.
    pub archive: Arc<dyn Archive>,
    /// Marks, cursors, leases, attempts.
    pub records: Arc<dyn Records>,
    /// Where stages send.
    pub queue: Arc<dyn Queue>,
    /// What waits in queues, to be looked at and removed.
    pub admin: Arc<dyn QueueAdmin>,
    /// What the host receives for us.
    pub handover: Arc<dyn Handover>,
    /// What ingest needs.
    pub pipeline: pipeline::Ports,
    /// Keys and tokens.
    pub secrets: Arc<dyn Secrets>,
    /// When a signature fails.
    pub refresh: Refresh,
    /// How GitHub is asked.
    pub http: Arc<dyn Http>,
    /// How fast.
    pub pace: Pace,
    /// Time.
    pub clock: Arc<dyn Clock>,
}
