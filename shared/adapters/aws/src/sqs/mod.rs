//! Queues on SQS. One logical queue is one queue of SQS with its dead letters beside it: FIFO where messages have an
//! order, standard where not; which of both it is, is asked once.

mod admin;
mod bury;
mod dedup;
mod handover;
mod held;
mod leave;
mod names;
mod receive;
mod send;
mod settle;
mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use pointsman_core::{
    attempts::Attempts,
    port::{Clock, ErrorKind, OnPoison, PortError, QueueName, QueueSettings, Records},
};

use self::held::Held;
pub use self::{receive::delivered, wire::inline};
use crate::{Connection, fault::Asked};

/// Messages in one call of SQS.
const BATCH: usize = 10;

/// All queues whose names on SQS begin with one prefix. Cheap to clone.
///
/// Senders need sqs:GetQueueUrl and sqs:SendMessage; receivers also sqs:ReceiveMessage, sqs:DeleteMessage and
/// sqs:ChangeMessageVisibility, and sqs:SendMessage on the dead letters; operators sqs:ListQueues and
/// sqs:GetQueueAttributes.
#[derive(Clone)]
pub struct Sqs(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    attempts: Attempts,
    clock: Arc<dyn Clock>,
    settings: Mutex<BTreeMap<QueueName, QueueSettings>>,
    places: Mutex<HashMap<QueueName, Arc<Place>>>,
    held: Held,
}

/// A queue on SQS.
#[derive(Debug)]
struct Place {
    url: String,
    /// As errors call it.
    shown: String,
    ordered: bool,
}

impl Sqs {
    /// The queues named `{prefix}{name}` or `{prefix}{name}.fifo`; failed attempts are counted in `records`,
    /// and so are the dedup ids of standard queues.
    pub fn new(
        connection: &Connection,
        prefix: impl Into<String>,
        records: Arc<dyn Records>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            client: Client::new(connection.config()),
            prefix: prefix.into(),
            attempts: Attempts(records),
            clock,
            settings: Mutex::default(),
            places: Mutex::default(),
            held: Held::default(),
        }))
    }

    /// Settings of these queues from now on; others have the defaults. A dedup window is SQS's own, always 5 minutes.
    /// `Invalid`: a queue is to hold what fails for a person, which SQS cannot.
    pub fn set(&self, queues: impl IntoIterator<Item = (QueueName, QueueSettings)>) -> Result<(), PortError> {
        let queues: Vec<_> = queues.into_iter().collect();
        if let Some((queue, _)) = queues.iter().find(|(_, settings)| settings.on_poison == OnPoison::Hold) {
            return Err(PortError::invalid(format!(
                "`{queue}` has `on_poison: hold`, which SQS cannot: use `dead-letter`, and `pointsman dead-letters retry`"
            )));
        }
        lock(&self.0.settings).extend(queues);
        Ok(())
    }

    /// Whether a queue keeps the order of sessions: whether it is FIFO.
    pub async fn is_ordered(&self, queue: &QueueName) -> Result<bool, PortError> {
        Ok(self.place(queue).await?.ordered)
    }

    fn settings(&self, queue: &QueueName) -> QueueSettings {
        lock(&self.0.settings).get(&queue.origin()).cloned().unwrap_or_default()
    }

    /// Where a queue is, asked once; `NotFound` with the known ones where it is not.
    async fn place(&self, queue: &QueueName) -> Result<Arc<Place>, PortError> {
        if let Some(place) = lock(&self.0.places).get(queue) {
            return Ok(place.clone());
        }
        for ordered in [true, false] {
            let name = names::physical(&self.0.prefix, queue, ordered)?;
            let shown = format!("the queue `{name}`");
            let url = self.0.client.get_queue_url().queue_name(&name).send().await;
            match url.map_err(|error| Asked { right: "sqs:GetQueueUrl", on: &shown }.failed(&error)) {
                Ok(found) => {
                    let url = found.queue_url.unwrap_or_default();
                    let place = Arc::new(Place { url, shown, ordered });
                    lock(&self.0.places).insert(queue.clone(), place.clone());
                    return Ok(place);
                }
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.unknown(queue).await)
    }

    async fn unknown(&self, queue: &QueueName) -> PortError {
        // Who only sends may not have the right to list: then the name must do.
        let known = match self.names().await {
            Ok(known) => known.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", "),
            Err(error) => format!("not to be listed ({error})"),
        };
        let tried = [true, false].map(|ordered| names::physical(&self.0.prefix, queue, ordered));
        let [fifo, standard] = tried.map(Result::unwrap_or_default);
        PortError::not_found(format!(
            "there is no queue `{queue}` on SQS, neither `{fifo}` nor `{standard}`; the known ones are {known}"
        ))
    }

    /// The port's error of a call; of a queue that is gone also forgets where it was.
    async fn failed<E>(
        &self,
        queue: &QueueName,
        place: &Place,
        right: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> PortError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let error = Asked { right, on: &place.shown }.failed(&error);
        if error.kind != ErrorKind::NotFound {
            return error;
        }
        lock(&self.0.places).remove(queue);
        self.unknown(queue).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same error for another message.
fn again(error: &PortError) -> PortError {
    PortError::new(error.kind, error.to_string())
}
