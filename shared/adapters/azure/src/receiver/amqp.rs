//! The connection: opened when it is first needed and again when it broke; whoever attaches to a queue has shown a token
//! before (`$cbs`).

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use fe2o3_amqp::{
    Connection, Session, connection::ConnectionHandle, sasl_profile::SaslProfile, session::SessionHandle,
};
use fe2o3_amqp_types::primitives::Value;
use jiff::Timestamp;
use pointsman_core::port::{ErrorKind, PortError, QueueName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Mutex,
};

use super::{RECEIVER, rpc::Rpc};
use crate::{ServiceBus, fault::Asked};

/// A connection's bytes.
pub trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Stream for T {}

/// Opens connections to the namespace's AMQP port: over TLS to a real one (5671), in plain text to a fake.
#[async_trait]
pub trait Dial: Send + Sync {
    /// A new connection.
    async fn dial(&self) -> Result<Box<dyn Stream>, PortError>;
}

/// Sessions on one connection, as many as Service Bus takes: one for each that is held.
const CHANNELS: u16 = 4_999;
/// How long a token that was shown is good for us; a real one is for an hour.
const SHOWN: Duration = Duration::from_secs(20 * 60);

pub(super) struct Amqp {
    bus: ServiceBus,
    dial: Arc<dyn Dial>,
    open: Mutex<Option<Arc<Open>>>,
}

/// One connection and what was done on it.
pub(super) struct Open {
    connection: Mutex<ConnectionHandle<()>>,
    cbs: Rpc,
    shown: Mutex<HashMap<String, Timestamp>>,
    management: Mutex<HashMap<String, Arc<Rpc>>>,
}

impl Amqp {
    pub(super) fn new(bus: ServiceBus, dial: Arc<dyn Dial>) -> Self {
        Self { bus, dial, open: Mutex::default() }
    }

    /// A fresh session of the connection, with the right to use this queue.
    pub(super) async fn session(&self, queue: &QueueName) -> Result<SessionHandle<()>, PortError> {
        let open = self.open().await?;
        let name = self.bus.physical(queue);
        self.show(&open, &name).await?;
        begin(&mut *open.connection.lock().await).await
    }

    /// Asks the queue's `$management`.
    pub(super) async fn manage(
        &self,
        queue: &QueueName,
        operation: &str,
        body: Vec<(&str, Value)>,
    ) -> Result<Option<Value>, PortError> {
        let open = self.open().await?;
        let name = self.bus.physical(queue);
        self.show(&open, &name).await?;
        let node = format!("{name}/$management");
        let mut all = open.management.lock().await;
        let rpc = match all.get(&node) {
            Some(rpc) => rpc.clone(),
            None => {
                let session = begin(&mut *open.connection.lock().await).await?;
                let rpc =
                    Arc::new(Rpc::attach(session, &node).await.map_err(|error| self.told(queue, error))?);
                all.insert(node, rpc.clone());
                rpc
            }
        };
        drop(all);
        let answer = rpc.ask(operation, body).await;
        let answer = answer.inspect_err(|error| {
            tracing::debug!(%queue, operation, %error, "Service Bus did not answer");
        })?;
        answer.known(&format!("the queue `{name}`"), RECEIVER).map_err(|error| self.told(queue, error))
    }

    /// An error of a queue that is not there names those that are known.
    pub(super) fn told(&self, queue: &QueueName, error: PortError) -> PortError {
        if error.kind == ErrorKind::NotFound { self.bus.unknown(queue) } else { error }
    }

    async fn open(&self) -> Result<Arc<Open>, PortError> {
        let mut kept = self.open.lock().await;
        if let Some(open) = kept.as_ref()
            && !open.connection.lock().await.is_closed()
        {
            return Ok(open.clone());
        }
        let stream = self.dial.dial().await?;
        let host = self.bus.0.namespace.url.split_once("://").map_or("", |(_, rest)| rest);
        let name = uuid::Uuid::new_v4().to_string();
        let builder =
            Connection::builder().container_id(name).scheme("amqp").hostname(host).channel_max(CHANNELS);
        let opened = builder.sasl_profile(SaslProfile::Anonymous).open_with_stream(stream).await;
        let mut connection =
            opened.map_err(|error| PortError::unavailable(format!("{host} does not speak AMQP: {error}")))?;
        let cbs = Rpc::attach(begin(&mut connection).await?, "$cbs").await?;
        let open = Arc::new(Open {
            connection: Mutex::new(connection),
            cbs,
            shown: Mutex::default(),
            management: Mutex::default(),
        });
        Ok(kept.insert(open).clone())
    }

    /// Shows a token for a queue, where that is not done yet.
    async fn show(&self, open: &Open, name: &str) -> Result<(), PortError> {
        let mut shown = open.shown.lock().await;
        let now = self.bus.0.clock.now();
        if shown.get(name).is_some_and(|until| *until > now) {
            return Ok(());
        }
        let on = format!("the queue `{name}`");
        let asked = Asked { doing: "receiving from", on: &on, role: RECEIVER };
        let token = self.bus.0.tokens.get(false).await.map_err(|error| asked.failed(&error))?;
        let (kind, token) = match token.strip_prefix("Bearer ") {
            Some(token) => ("jwt", token.to_owned()),
            None => ("servicebus.windows.net:sastoken", token),
        };
        let host = self.bus.0.namespace.url.split_once("://").map_or("", |(_, rest)| rest);
        let answer = open.cbs.show(kind, &format!("sb://{host}/{name}"), token).await?;
        answer.known(&on, RECEIVER)?;
        shown.insert(name.to_owned(), now.checked_add(SHOWN).unwrap_or(now));
        Ok(())
    }
}

async fn begin(connection: &mut ConnectionHandle<()>) -> Result<SessionHandle<()>, PortError> {
    let begun = Session::builder().incoming_window(5_000).begin(connection).await;
    begun.map_err(|error| PortError::unavailable(format!("Service Bus begins no session: {error}")))
}
