//! What targets stand on: rules of every kind of source, a clock that stands still, a queue that takes everything over.

use std::{sync::LazyLock, time::Duration};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::Timestamp;
use pointsman_core::{
    config,
    port::{
        Abandon, Ask, Clock, Delivered, Handover, MessageId, PortError, QueueName, Receipt, Received,
        Receiver, Secret, SecretRef, Secrets,
    },
    rules::Rules,
    session::Session,
};

/// Every source's secret.
pub const SECRET: &str = "a secret of the fuzz targets";
/// The time, in seconds since 1970: 2026-11-21T12:00:00Z.
pub const NOW: i64 = 1_795_262_400;

const CONFIGURATION: &str = r#"
sources:
  github: { secrets: ["env:S"], owns: ["*"] }
  stamped:
    verify: { kind: hmac, header: X-Signature, prefix: "v1=", signed: "{timestamp}.{body}", timestamp: { element: t }, secrets: ["env:S"] }
    event: { header: X-Event }
  based:
    verify: { kind: hmac, header: X-Signature, encoding: base64, secrets: ["env:S"] }
    event: { pointer: /event }
    delivery: { pointer: /id }
    session: { pointer: /project/path }
  token: { verify: { kind: token, header: X-Token, secrets: ["env:S"] }, event: { header: X-Event } }
  standard: { verify: { kind: standard-webhooks, secrets: ["env:S"] }, event: { pointer: /type } }
  signed:
    verify:
      kind: ed25519
      header: X-Signature-Ed25519
      public_keys: [d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a]
      timestamp: { header: X-Signature-Timestamp }
    event: { pointer: /type }
subscriptions:
  - { name: all, events: ["*"] }
  - { name: repository, events: ["*"], session: repository }
  - { name: none, events: ["*"], session: none }
  - { name: template, events: ["*"], session: "{owner}/{repo}/{/action}{/number}" }
  - { name: condition, events: [push, "issues.*"], when: 'data.ref == "refs/heads/main" || event.type.endsWith("opened")' }
"#;

struct One;

#[async_trait]
impl Secrets for One {
    async fn get(&self, _: &SecretRef) -> Result<Vec<Secret>, PortError> {
        Ok(vec![Secret::new(SECRET)])
    }
}

/// The rules of all kinds of sources.
pub fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let checked = config::parse(CONFIGURATION).unwrap_or_else(|faults| panic!("{faults}"));
        block_on(Rules::load(&checked.config, &One)).expect("they are good")
    });
    &RULES
}

/// [`NOW`].
pub fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

/// The time stands still, and nobody waits.
pub struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, _: Duration) {}
}

/// Takes everything over, and lets everything be settled.
pub struct Willing;

#[async_trait]
impl Receiver for Willing {
    async fn receive(&self, _: &QueueName, _: Ask) -> Result<Vec<Received>, PortError> {
        Ok(Vec::new())
    }

    async fn complete(&self, _: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        receipts.iter().map(|_| Ok(())).collect()
    }

    async fn abandon(&self, _: &QueueName, _: &Receipt, _: Abandon) -> Result<(), PortError> {
        Ok(())
    }

    async fn dead_letter(&self, _: &QueueName, _: &Receipt, _: &str, _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn renew(&self, _: &QueueName, _: &Receipt, _: Duration) -> Result<Timestamp, PortError> {
        Ok(now())
    }
}

#[async_trait]
impl Handover for Willing {
    async fn adopt(
        &self,
        _: &QueueName,
        messages: Vec<Delivered>,
        until: Timestamp,
    ) -> Result<Vec<Received>, PortError> {
        let adopted = messages.into_iter().map(|one| Received {
            attempt: one.system.get("ApproximateReceiveCount").and_then(|it| it.parse().ok()).unwrap_or(1),
            id: MessageId(one.id),
            receipt: Receipt(one.receipt),
            body: one.text.into(),
            session: one.system.get("MessageGroupId").map(|group| Session::from_key(group.as_str())),
            attributes: one.attributes,
            correlation: None,
            enqueued: now(),
            visible_at: until,
        });
        Ok(adopted.collect())
    }

    async fn forget(&self, _: &QueueName, _: &[Receipt]) -> Result<(), PortError> {
        Ok(())
    }
}
