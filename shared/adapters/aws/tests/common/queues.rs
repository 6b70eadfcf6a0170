//! Queues on LocalStack, each with its dead letters.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::QueueAttributeName};
use pointsman_aws::{Connection, Sqs};
use pointsman_conformance::{
    WallClock,
    queue::{Ports, QueueMaker},
};
use pointsman_core::port::{QueueName, QueueSettings, Records};

use super::{EMULATORS, config};

/// Which kind of queue is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Fifo,
    Standard,
}

/// Begins the names of all queues of one test.
pub fn prefix() -> String {
    format!("t{:06x}-", fastrand::u32(..0x100_0000))
}

/// Queues with a prefix of their own.
pub fn sqs(prefix: &str, records: Arc<dyn Records>) -> Sqs {
    Sqs::new(&Connection::new(config(&EMULATORS.sqs)), prefix, records, Arc::new(WallClock))
}

/// The adapter, a client of its own, who makes queues, and what their names begin with.
pub fn parts(kind: Kind, records: Arc<dyn Records>) -> (Sqs, Client, Maker, String) {
    let prefix = prefix();
    let sqs = sqs(&prefix, records);
    let client = Client::new(&config(&EMULATORS.sqs));
    let maker = Maker { client: client.clone(), kind, prefix: prefix.clone(), sqs: sqs.clone() };
    (sqs, client, maker, prefix)
}

/// The ports of queues, and who makes them.
pub fn ports(kind: Kind, records: Arc<dyn Records>) -> Ports {
    let (sqs, _, maker, _) = parts(kind, records);
    let sqs = Arc::new(sqs);
    Ports { queue: sqs.clone(), receiver: sqs.clone(), admin: sqs, maker: Arc::new(maker) }
}

/// Makes queues as the template does.
pub struct Maker {
    client: Client,
    kind: Kind,
    prefix: String,
    sqs: Sqs,
}

#[async_trait]
impl QueueMaker for Maker {
    async fn make(&self, name: &QueueName, settings: &QueueSettings) {
        let dead = self.create(&format!("{name}_dead"), HashMap::new()).await;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{dead}");
        let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1000}}"#);
        self.create(name.as_str(), HashMap::from([(QueueAttributeName::RedrivePolicy, redrive)])).await;
        self.sqs.set([(name.clone(), settings.clone())]).expect("SQS can do this");
    }
}

impl Maker {
    async fn create(&self, name: &str, mut attributes: HashMap<QueueAttributeName, String>) -> String {
        use QueueAttributeName::{DeduplicationScope, FifoQueue, FifoThroughputLimit};
        let fifo = self.kind == Kind::Fifo;
        let name = format!("{}{name}{}", self.prefix, if fifo { ".fifo" } else { "" });
        if fifo {
            attributes.insert(FifoQueue, "true".into());
            attributes.insert(DeduplicationScope, "messageGroup".into());
            attributes.insert(FifoThroughputLimit, "perMessageGroupId".into());
        }
        let created =
            self.client.create_queue().queue_name(&name).set_attributes(Some(attributes)).send().await;
        created.expect("a queue can be made");
        name
    }
}
