//! What `/metrics` shows: what the stages count, and the queues' figures as they are when asked for.

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pointsman_core::{
    port::{PortError, QueueAdmin},
    telemetry::{
        self, QUEUE_DEAD, QUEUE_DELAYED, QUEUE_DEPTH, QUEUE_HELD, QUEUE_IN_FLIGHT, QUEUE_OLDEST,
        QUEUE_PAUSED, SECONDS,
    },
};
use tokio::{runtime::Handle, task::block_in_place, time::sleep};

use crate::exported::record;

/// Samples are folded into their buckets this often, whether somebody asks or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// The figures of this process.
#[derive(Clone)]
pub struct Figures {
    handle: PrometheusHandle,
    admin: Arc<dyn QueueAdmin>,
}

impl Figures {
    /// From now on what is counted is shown.
    pub fn install(admin: Arc<dyn QueueAdmin>) -> Result<Self> {
        let builder = PrometheusBuilder::new().with_recommended_naming(true).set_buckets(SECONDS); // every histogram of ours is one of times
        let handle = builder.and_then(|page| record(Some(page))).ok().flatten();
        let handle = handle.context("the metrics cannot be recorded")?;
        telemetry::describe();
        Ok(Self { handle, admin })
    }

    /// Prometheus text. The store is asked on the way: this thread waits for it, others go on.
    pub fn render(&self) -> String {
        if let Err(error) = block_in_place(|| Handle::current().block_on(self.refresh())) {
            tracing::warn!(%error, "the queues' figures cannot be had");
        }
        self.handle.render()
    }

    /// Keeps memory bounded when nobody asks.
    pub async fn keep(&self) -> Infallible {
        loop {
            sleep(UPKEEP).await;
            self.handle.run_upkeep();
        }
    }

    async fn refresh(&self) -> Result<(), PortError> {
        let now = Timestamp::now();
        for queue in self.admin.list().await? {
            let stats = self.admin.stats(&queue).await?;
            let age = stats.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
            let of = [queue.as_str()];
            QUEUE_DEPTH.count(of, stats.depth);
            QUEUE_IN_FLIGHT.count(of, stats.in_flight);
            QUEUE_DELAYED.count(of, stats.delayed);
            QUEUE_DEAD.count(of, stats.dead);
            QUEUE_HELD.count(of, stats.held);
            QUEUE_PAUSED.count(of, u64::from(stats.paused));
            QUEUE_OLDEST.set(of, age);
        }
        Ok(())
    }
}
