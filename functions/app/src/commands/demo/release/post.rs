//! Carries the fake's webhooks to the server, as GitHub does, until nothing comes of them any more.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use http::Request;
use pointsman_core::{
    config::{AUTOMATOR, ORCHESTRATOR},
    port::{Http as _, Named, QueueAdmin, QueueName, QueueStats},
};
use pointsman_fake_github::{Delivery, FakeGithub};
use pointsman_http::Client;
use serde::Serialize;

/// Between two looks at what waits.
const TICK: Duration = Duration::from_millis(10);
/// It is still by then, or something is wrong.
const DEADLINE: Duration = Duration::from_secs(60);

/// A webhook and its answer.
#[derive(Debug, Serialize)]
pub struct Webhook {
    /// Its event, with the action.
    pub event: String,
    /// The answer's status.
    pub status: u16,
}

/// The way from GitHub to the server.
pub struct Post<'a> {
    github: &'a FakeGithub,
    admin: &'a dyn QueueAdmin,
    client: Client,
    /// What was carried.
    pub webhooks: Vec<Webhook>,
}

impl<'a> Post<'a> {
    /// Nothing was carried yet.
    pub fn new(github: &'a FakeGithub, admin: &'a dyn QueueAdmin) -> Self {
        Self { github, admin, client: Client::default(), webhooks: Vec::new() }
    }

    /// Carries until no webhook waits and no stage has anything to do, at two looks: between one look's parts something
    /// may have come.
    pub async fn until_quiet(&mut self) -> Result<()> {
        let until = Instant::now() + DEADLINE;
        let mut quiet = 0;
        while quiet < 2 {
            let carried = self.carry().await?;
            let busy = self.busy().await?;
            quiet = if carried == 0 && !busy { quiet + 1 } else { 0 };
            if Instant::now() > until {
                bail!("the release stages do not come to rest within {} s", DEADLINE.as_secs());
            }
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    /// What waits, all at the same time; how many these were.
    async fn carry(&mut self) -> Result<usize> {
        let waiting = self.github.take_deliveries();
        let carried = try_join_all(waiting.iter().map(|delivery| send(&self.client, delivery))).await?;
        self.webhooks.extend(carried);
        Ok(waiting.len())
    }

    async fn busy(&self) -> Result<bool> {
        for queue in [ORCHESTRATOR, AUTOMATOR] {
            let stats = self.stats(queue).await?;
            if stats.depth + stats.in_flight + stats.delayed > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn stats(&self, queue: &str) -> Result<QueueStats> {
        let name: QueueName = queue.parse().map_err(anyhow::Error::msg)?;
        Ok(self.admin.stats(&name).await?)
    }

    /// What was refused on the way, or died at its end.
    pub async fn wrong(&self) -> Result<Vec<String>> {
        let refused = self.webhooks.iter().filter(|it| it.status != 202);
        let mut wrong: Vec<String> = refused
            .map(|it| format!("a webhook of the sample, {}: answered {}", it.event, it.status))
            .collect();
        for queue in [ORCHESTRATOR, AUTOMATOR] {
            let dead = self.stats(queue).await?.dead;
            if dead > 0 {
                wrong.push(format!("{queue}: {dead} messages could not be handled"));
            }
        }
        Ok(wrong)
    }
}

async fn send(client: &Client, delivery: &Delivery) -> Result<Webhook> {
    let request = delivery
        .headers
        .iter()
        .fold(Request::post(&delivery.url).extension(Named), |request, (name, value)| {
            request.header(name, value)
        });
    let request = request.body(delivery.body.clone()).context("a webhook of the sample")?;
    let response = client.send(request).await?;
    let action = delivery.action.as_deref().map(|action| format!(".{action}")).unwrap_or_default();
    Ok(Webhook { event: format!("{}{action}", delivery.event), status: response.status().as_u16() })
}
