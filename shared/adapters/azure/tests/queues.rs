//! The suites of queues and ledger over the fake Service Bus.

mod common;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use common::AZURITE;
use pointsman_azure::{
    BlobArchive, BlobRecords, Credential, Dial, Namespace, ServiceBus, ServiceBusReceiver, Stream,
};
use pointsman_conformance::{
    Capabilities, Subject, Time, WallClock, ledger,
    queue::{self, QueueMaker},
};
use pointsman_core::{
    breaker::Breakers,
    port::{PortError, QueueName, QueueSettings, Records, Secret},
    stepwise::Stepwise,
};
use pointsman_fake_servicebus::{KEY, KEY_NAME, ServiceBus as Fake, Settings};

/// Service Bus, as the fake plays it.
const BUS: Capabilities = Capabilities {
    // We cannot crash a service, and its time is its own.
    restarts: false,
    exact_time: false,
    // It drops a duplicate without a word.
    tells_duplicates: false,
    // It picks among sessions as it likes.
    oldest_first: false,
    // It counts what is held among what waits.
    exact_admin: false,
    // It has no word for it.
    holds: false,
    // Only who may manage a namespace may switch its queues off.
    pauses: false,
    // 256 kB with all properties, a third of it for base64.
    largest_body: 180_000,
    // A slow machine must get through a case in time.
    visibility: Duration::from_secs(9),
    dedup_window: Duration::from_secs(92),
    ..Capabilities::ALL
};

/// In plain text, to the fake.
struct Plain(SocketAddr);

#[async_trait]
impl Dial for Plain {
    async fn dial(&self) -> Result<Box<dyn Stream>, PortError> {
        let stream = tokio::net::TcpStream::connect(self.0).await;
        let stream = stream.map_err(|error| PortError::unavailable(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| PortError::unavailable(error.to_string()))?;
        Ok(Box::new(stream))
    }
}

/// Makes queues as Terraform does.
struct Maker {
    fake: Arc<Fake>,
    bus: ServiceBus,
}

#[async_trait]
impl QueueMaker for Maker {
    async fn make(&self, name: &QueueName, settings: &QueueSettings) {
        let dedup_ms = u64::try_from(settings.dedup_window.as_millis()).expect("a short time");
        let made = Settings { dedup_ms, lock_ms: 30_000, max_delivery: 2_000, ..Settings::default() };
        self.fake.broker.make(&format!("t-{name}"), made.clone());
        self.fake.broker.make(&format!("t-{name}_dead"), made);
        self.bus.set([(name.clone(), settings.clone())]).expect("Service Bus can do this");
    }
}

async fn ports(records: Arc<dyn Records>) -> (queue::Ports, Arc<Fake>) {
    let fake = Arc::new(Fake::start().await.expect("the fake starts"));
    let namespace =
        Namespace { url: format!("http://{}", fake.rest), prefix: "t-".into(), largest: 256 << 10 };
    let key = Credential::Key(KEY_NAME.into(), Secret::new(KEY));
    let bus =
        ServiceBus::new(&common::connection(), namespace, key, Arc::new(WallClock)).expect("a namespace");
    let receiver = Arc::new(ServiceBusReceiver::new(bus.clone(), Arc::new(Plain(fake.amqp)), records));
    let maker = Arc::new(Maker { fake: fake.clone(), bus: bus.clone() });
    let ports = queue::Ports { queue: Arc::new(bus), receiver: receiver.clone(), admin: receiver, maker };
    (ports, fake)
}

async fn records() -> Arc<BlobRecords> {
    let name = common::container().await;
    let records = BlobRecords::new(&common::signed(), &AZURITE.account, &name, Arc::new(WallClock));
    Arc::new(records.expect("a container"))
}

mod service_bus {
    use super::*;

    async fn queues() -> Subject<queue::Ports> {
        let (ports, fake) = ports(records().await).await;
        Subject { ports, time: Time::Real, capabilities: BUS, reopen: None, keep: Box::new(fake) }
    }

    pointsman_conformance::queue_suite! { cases: 77, subject: queues }
}

mod stepwise_ledger {
    use super::*;

    async fn all() -> Subject<ledger::Ports> {
        let records = records().await;
        let container = common::container().await;
        let archive = BlobArchive::new(&common::signed(), &AZURITE.account, &container).expect("a container");
        let archive = Arc::new(archive);
        let (queues, fake) = ports(records.clone()).await;
        let ledger = Arc::new(Stepwise {
            archive: archive.clone(),
            queue: queues.queue.clone(),
            records: records.clone(),
            clock: Arc::new(WallClock),
            breakers: Breakers::default(),
        });
        let ports = ledger::Ports { ledger, archive, records, queues };
        Subject { ports, time: Time::Real, capabilities: BUS, reopen: None, keep: Box::new(fake) }
    }

    pointsman_conformance::ledger_suite! { cases: 17, subject: all }
}
