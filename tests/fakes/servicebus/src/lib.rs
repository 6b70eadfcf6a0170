//! A Service Bus that behaves, for tests: sessions with one holder each, locks that end, duplicates that are dropped, dead
//! letters and schedules, in memory; by AMQP and by REST on free loopback ports, without TLS.

mod access;
mod amqp;
pub mod broker;
mod plain;
mod rest;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};

pub use access::{Access, KEY_NAME};
pub use broker::{Broker, Settings};
pub use plain::Plain;

/// The key of every fake that nobody gives another.
pub const KEY: &str = "c2VjcmV0IG9mIHRoZSBmYWtl";

/// A running fake; dropped, it listens no more.
#[derive(Debug)]
pub struct ServiceBus {
    /// Where AMQP is spoken.
    pub amqp: SocketAddr,
    /// Where REST is.
    pub rest: SocketAddr,
    /// What is behind both.
    pub broker: Arc<Broker>,
    tasks: [JoinHandle<()>; 2],
}

impl ServiceBus {
    /// Listens on free ports of 127.0.0.1.
    pub async fn start() -> io::Result<Self> {
        let (amqp, rest) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let addresses = (amqp.local_addr()?, rest.local_addr()?);
        let (broker, access) = (Arc::new(Broker::default()), Access::new(KEY));
        let (behind_amqp, behind_rest) = (broker.clone(), broker.clone());
        let key = access.clone();
        let by_amqp = tokio::spawn(async move {
            while let Ok((stream, _)) = amqp.accept().await {
                let (broker, access) = (behind_amqp.clone(), access.clone());
                drop(stream.set_nodelay(true));
                tokio::spawn(async move {
                    match amqp::serve(stream, broker, access).await {
                        // A client that is gone needs no word.
                        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                            eprintln!("fake-servicebus: a client breaks the protocol: {error}");
                        }
                        _ => {}
                    }
                });
            }
        });
        let by_rest = tokio::spawn(async move {
            while let Ok((stream, _)) = rest.accept().await {
                drop(stream.set_nodelay(true));
                tokio::spawn(rest::serve(stream, behind_rest.clone(), key.clone()));
            }
        });
        let (amqp, rest) = addresses;
        Ok(Self { amqp, rest, broker, tasks: [by_amqp, by_rest] })
    }

    /// As Microsoft's own clients take it.
    pub fn connection_string(&self) -> String {
        format!(
            "Endpoint=sb://{};SharedAccessKeyName={KEY_NAME};SharedAccessKey={KEY};UseDevelopmentEmulator=true;",
            self.amqp
        )
    }
}

impl Drop for ServiceBus {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
