//! Every suite over the embedded store, in time turned by hand. A crash is what the disk holds at that moment: the
//! store's files, copied under the running engine and opened elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use pointsman_conformance::{
    Capabilities, Subject, Time, TurnedClock, archive, ledger,
    queue::{self, QueueMaker},
    records,
};
use pointsman_core::port::{QueueName, QueueSettings};
use pointsman_embedded::{Options, Store};

/// Makes queues in a store.
struct Maker(Store);

#[async_trait]
impl QueueMaker for Maker {
    async fn make(&self, name: &QueueName, settings: &QueueSettings) {
        self.0.ensure_queues(&[(name.clone(), settings.clone())]).await.expect("queues can be made");
    }
}

/// A store in a folder of its own, with the ports that a suite wants of it.
async fn subject<P: 'static>(ports: fn(Store, Arc<TurnedClock>) -> P) -> Subject<P> {
    let clock = Arc::new(TurnedClock::default());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut data = folder.path().join("0");
    let first = ports(open(data.clone(), clock.clone()).await, clock.clone());
    let reopen = {
        let (clock, mut run) = (clock.clone(), 0);
        move || {
            run += 1;
            let after = data.with_file_name(run.to_string());
            copy(&data, &after);
            data = after;
            let (data, clock) = (data.clone(), clock.clone());
            Box::pin(async move { ports(open(data, clock.clone()).await, clock) }) as _
        }
    };
    Subject {
        ports: first,
        time: Time::ByHand(clock),
        capabilities: Capabilities::ALL,
        reopen: Some(Box::new(reopen)),
        keep: Box::new(folder),
    }
}

async fn open(data: PathBuf, clock: Arc<TurnedClock>) -> Store {
    Store::open(&data, Options::new(clock, "the conformance suites")).await.expect("the store opens")
}

/// All but the lock, which a crashed process has let go, and the index of the log, which is memory.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for file in fs::read_dir(from).expect("the store's folder") {
        let file = file.expect("a file of the store");
        let name = file.file_name();
        if name != "lock" && name != "store.db-shm" {
            fs::copy(file.path(), to.join(name)).expect("a file can be copied");
        }
    }
}

fn queues(store: Store) -> queue::Ports {
    let ports = store.ports();
    queue::Ports {
        queue: ports.queue,
        receiver: ports.receiver,
        admin: ports.admin,
        maker: Arc::new(Maker(store)),
    }
}

mod queue_port {
    async fn subject() -> super::Subject<super::queue::Ports> {
        super::subject(|store, _| super::queues(store)).await
    }

    pointsman_conformance::queue_suite! { cases: 98, subject: subject }
}

mod archive_port {
    async fn subject() -> super::Subject<super::archive::Port> {
        super::subject(|store, _| store.ports().archive).await
    }

    pointsman_conformance::archive_suite! { cases: 17, subject: subject }
}

mod records_port {
    async fn subject() -> super::Subject<super::records::Port> {
        super::subject(|store, _| store.ports().records).await
    }

    pointsman_conformance::records_suite! { cases: 22, subject: subject }
}

mod ledger_port {
    use super::*;

    async fn subject() -> Subject<ledger::Ports> {
        super::subject(|store, _| {
            let ports = store.ports();
            let queues = queues(store);
            ledger::Ports { ledger: ports.ledger, archive: ports.archive, records: ports.records, queues }
        })
        .await
    }

    pointsman_conformance::ledger_suite! { cases: 19, subject: subject }
}

/// The ledger of backends without transactions, over this store's separate ports.
mod stepwise_ledger {
    use pointsman_core::stepwise::Stepwise;

    use super::*;

    async fn subject() -> Subject<ledger::Ports> {
        super::subject(|store, clock| {
            let ports = store.ports();
            let (archive, records) = (ports.archive, ports.records);
            let ledger =
                Stepwise { archive: archive.clone(), queue: ports.queue, records: records.clone(), clock };
            ledger::Ports { ledger: Arc::new(ledger), archive, records, queues: queues(store) }
        })
        .await
    }

    pointsman_conformance::ledger_suite! { cases: 19, subject: subject }
}
