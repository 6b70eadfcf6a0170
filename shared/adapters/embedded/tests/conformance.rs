//! Every suite over the embedded store, once directly and once through its control port, in time turned by hand. A crash
//! is what the disk holds at that moment: the store's files, copied under the running engine and opened elsewhere.

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
use pointsman_core::{
    port::{QueueName, QueueSettings},
    stepwise::Stepwise,
};
use pointsman_embedded::{Attached, Options, Ports, Store, attach};
use tokio::sync::Mutex;

/// How the tests reach the store.
#[derive(Clone, Copy)]
enum Way {
    /// As the process that holds it.
    Direct,
    /// As another process would, through the control port.
    Remote,
}

/// A folder of stores: each crash opens the next.
struct House {
    way: Way,
    data: PathBuf,
    crashes: u32,
    clock: Arc<TurnedClock>,
    /// Who speaks to a store through its control port does not keep it open: this does.
    stores: Vec<Store>,
}

impl House {
    async fn open(&mut self) -> Opened {
        let options = Options::new(self.clock.clone(), "the conformance suites");
        let store = Store::open(&self.data, options.clone()).await.expect("the store opens");
        self.stores.push(store.clone());
        let ports = match self.way {
            Way::Direct => store.ports(),
            Way::Remote => match attach(&self.data, options).await.expect("the store's holder answers") {
                Attached::Remote(ports) => ports,
                Attached::Own(_) => panic!("the store is ours and cannot be taken twice"),
            },
        };
        Opened { store, ports, clock: self.clock.clone() }
    }

    /// Goes on with what the disk holds now.
    fn crash(&mut self) {
        self.crashes += 1;
        let after = self.data.with_file_name(self.crashes.to_string());
        copy(&self.data, &after);
        self.data = after;
    }
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

/// A store, as one of the ways shows it.
struct Opened {
    store: Store,
    ports: Ports,
    clock: Arc<TurnedClock>,
}

impl Opened {
    fn queues(&self) -> queue::Ports {
        let Ports { queue, receiver, admin, .. } = self.ports.clone();
        queue::Ports { queue, receiver, admin, maker: Arc::new(Maker(self.store.clone())) }
    }

    fn ledger(&self) -> ledger::Ports {
        let Ports { ledger, archive, records, .. } = self.ports.clone();
        ledger::Ports { ledger, archive, records, queues: self.queues() }
    }

    /// The ledger of backends without transactions, over this store's separate ports.
    fn stepwise_ledger(&self) -> ledger::Ports {
        let Ports { queue, archive, records, .. } = self.ports.clone();
        let ledger = Arc::new(Stepwise {
            archive,
            queue,
            records,
            clock: self.clock.clone(),
            breakers: Default::default(),
        });
        ledger::Ports { ledger, ..self.ledger() }
    }
}

/// Makes queues in a store.
struct Maker(Store);

#[async_trait]
impl QueueMaker for Maker {
    async fn make(&self, name: &QueueName, settings: &QueueSettings) {
        self.0.ensure_queues(&[(name.clone(), settings.clone())]).await.expect("queues can be made");
    }
}

/// A fresh store, with the ports that a suite wants of it.
async fn subject<P: 'static>(way: Way, ports: fn(&Opened) -> P) -> Subject<P> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(TurnedClock::default());
    let data = folder.path().join("0");
    let mut house = House { way, data, crashes: 0, clock: clock.clone(), stores: Vec::new() };
    let first = ports(&house.open().await);
    let house = Arc::new(Mutex::new(house));
    let reopen = move || {
        let house = house.clone();
        Box::pin(async move {
            let mut house = house.lock().await;
            house.crash();
            ports(&house.open().await)
        }) as _
    };
    Subject {
        ports: first,
        time: Time::ByHand(clock),
        capabilities: Capabilities::ALL,
        reopen: Some(Box::new(reopen)),
        keep: Box::new(folder),
    }
}

/// All suites, the store reached in one way.
macro_rules! suites {
    ($name:ident, $way:expr) => {
        mod $name {
            mod queue {
                async fn subject() -> crate::Subject<crate::queue::Ports> {
                    crate::subject($way, crate::Opened::queues).await
                }

                pointsman_conformance::queue_suite! { cases: 118, subject: subject }
            }

            mod archive {
                async fn subject() -> crate::Subject<crate::archive::Port> {
                    crate::subject($way, |opened| opened.ports.archive.clone()).await
                }

                pointsman_conformance::archive_suite! { cases: 17, subject: subject }
            }

            mod records {
                async fn subject() -> crate::Subject<crate::records::Port> {
                    crate::subject($way, |opened| opened.ports.records.clone()).await
                }

                pointsman_conformance::records_suite! { cases: 22, subject: subject }
            }

            mod ledger {
                async fn subject() -> crate::Subject<crate::ledger::Ports> {
                    crate::subject($way, crate::Opened::ledger).await
                }

                pointsman_conformance::ledger_suite! { cases: 19, subject: subject }
            }
        }
    };
}

suites!(direct, crate::Way::Direct);
suites!(remote, crate::Way::Remote);

mod stepwise_ledger {
    async fn subject() -> crate::Subject<crate::ledger::Ports> {
        crate::subject(crate::Way::Direct, crate::Opened::stepwise_ledger).await
    }

    pointsman_conformance::ledger_suite! { cases: 19, subject: subject }
}
