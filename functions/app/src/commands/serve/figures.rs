//! What `/metrics` shows: what the stages count, and the queues' figures as they are when asked for.

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use pointsman_core::port::{PortError, QueueAdmin};
use tokio::{runtime::Handle, task::block_in_place, time::sleep};

/// Samples are folded into their buckets this often, whether somebody asks or not.
const UPKEEP: Duration = Duration::from_secs(5);
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The figures of this process.
#[derive(Clone)]
pub struct Figures {
    handle: PrometheusHandle,
    admin: Arc<dyn QueueAdmin>,
}

impl Figures {
    /// From now on what is counted is shown.
    pub fn install(admin: Arc<dyn QueueAdmin>) -> Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .context("the metrics cannot be recorded")?;
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

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^52")]
    async fn refresh(&self) -> Result<(), PortError> {
        let now = Timestamp::now();
        for queue in self.admin.list().await? {
            let stats = self.admin.stats(&queue).await?;
            let age = stats.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
            let set = |name: &'static str, value: f64| {
                metrics::gauge!(name, "queue" => queue.to_string()).set(value)
            };
            set("pointsman_queue_depth", stats.depth as f64);
            set("pointsman_queue_in_flight", stats.in_flight as f64);
            set("pointsman_queue_delayed", stats.delayed as f64);
            set("pointsman_queue_dead", stats.dead as f64);
            set("pointsman_queue_held", stats.held as f64);
            set("pointsman_queue_paused", f64::from(u8::from(stats.paused)));
            set("pointsman_queue_oldest_seconds", age);
        }
        Ok(())
    }
}
