//! The store as another process holds it: the same ports, over its control port.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use pointsman_core::{
    ledger::{Committed, Entry, Ledger},
    port::{
        Abandon, Archive, Ask, Control, Expect, Listed, Message, MessageId, Object, Peeked, PortError, Queue,
        QueueAdmin, QueueName, QueueStats, Receipt, Received, Receiver, Record, Records, Selection, Sent,
        Version,
    },
};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::{
    lock::{self, Holder},
    wire::{Request, Wired, decode, encode, frames},
};

/// Connections that are kept while nobody uses them.
const IDLE: usize = 8;

type Connection = Framed<TcpStream, LengthDelimitedCodec>;

/// A client of the process that holds the store.
pub struct Remote {
    lock: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Remote {
    /// Speaks to who holds the lock file at `lock`, if it answers.
    pub(crate) async fn connect(lock: &Path, holder: &Holder) -> io::Result<Self> {
        let connection = connect(holder).await?;
        Ok(Self { lock: lock.to_owned(), idle: Mutex::new(vec![connection]) })
    }

    /// One request at a time on a connection; who holds the store now is read anew for each new connection.
    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, PortError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.reconnect().await.map_err(gone)?,
        };
        connection.send(encode(request)?).await.map_err(gone)?;
        let ended = || gone(io::ErrorKind::UnexpectedEof.into());
        let frame = connection.next().await.ok_or_else(ended)?.map_err(gone)?;
        let answer = decode(&frame)?;
        if matches!(request, Request::Receive(..)) {
            // We have them; without this they are given back.
            connection.send(Bytes::new()).await.map_err(gone)?;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(answer)
    }

    async fn reconnect(&self) -> io::Result<Connection> {
        let holder = lock::read(&self.lock)?.ok_or(io::ErrorKind::NotFound)?;
        connect(&holder).await
    }

    async fn one<T: DeserializeOwned>(&self, request: Request) -> Result<T, PortError> {
        let answer: Wired<T> = self.ask(&request).await?;
        Ok(answer?)
    }

    async fn many<T: DeserializeOwned>(&self, count: usize, request: Request) -> Vec<Result<T, PortError>> {
        match self.ask::<Vec<Wired<T>>>(&request).await {
            Ok(answers) => answers.into_iter().map(|answer| Ok(answer?)).collect(),
            Err(error) => crate::queue::repeat(count, &error),
        }
    }
}

async fn connect(holder: &Holder) -> io::Result<Connection> {
    let stream = TcpStream::connect(("127.0.0.1", holder.port)).await?;
    stream.set_nodelay(true)?;
    let mut connection = Framed::new(stream, frames());
    connection.send(Bytes::from(holder.token.clone())).await?;
    Ok(connection)
}

fn gone(error: io::Error) -> PortError {
    PortError::unavailable("the program that holds the store does not answer; try again").caused_by(error)
}

#[async_trait]
impl Queue for Remote {
    async fn send(&self, queue: &QueueName, messages: Vec<Message>) -> Vec<Result<Sent, PortError>> {
        self.many(messages.len(), Request::Send(queue.clone(), messages)).await
    }
}

#[async_trait]
impl Receiver for Remote {
    async fn receive(&self, queue: &QueueName, ask: Ask) -> Result<Vec<Received>, PortError> {
        self.one(Request::Receive(queue.clone(), ask)).await
    }

    async fn complete(&self, queue: &QueueName, receipts: &[Receipt]) -> Vec<Result<(), PortError>> {
        self.many(receipts.len(), Request::Complete(queue.clone(), receipts.to_vec())).await
    }

    async fn abandon(&self, queue: &QueueName, receipt: &Receipt, how: Abandon) -> Result<(), PortError> {
        self.one(Request::Abandon(queue.clone(), receipt.clone(), how)).await
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        reason: &str,
        error: &str,
    ) -> Result<(), PortError> {
        self.one(Request::DeadLetter(queue.clone(), receipt.clone(), reason.into(), error.into())).await
    }

    async fn renew(
        &self,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<Timestamp, PortError> {
        self.one(Request::Renew(queue.clone(), receipt.clone(), visibility)).await
    }
}

#[async_trait]
impl QueueAdmin for Remote {
    async fn list(&self) -> Result<Vec<QueueName>, PortError> {
        self.one(Request::Queues).await
    }

    async fn stats(&self, queue: &QueueName) -> Result<QueueStats, PortError> {
        self.one(Request::Stats(queue.clone())).await
    }

    async fn peek(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Peeked>, PortError> {
        self.one(Request::Peek(queue.clone(), after.cloned(), limit)).await
    }

    async fn purge(&self, queue: &QueueName, which: Selection) -> Result<u64, PortError> {
        self.one(Request::Purge(queue.clone(), which)).await
    }

    async fn control(&self, queue: &QueueName, what: Control) -> Result<(), PortError> {
        self.one(Request::Control(queue.clone(), what)).await
    }
}

#[async_trait]
impl Archive for Remote {
    async fn put_new(&self, key: &str, object: Object) -> Result<(), PortError> {
        self.one(Request::PutObject(key.into(), object)).await
    }

    async fn get(&self, key: &str) -> Result<Object, PortError> {
        self.one(Request::GetObject(key.into())).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Listed>, PortError> {
        self.one(Request::ListObjects(prefix.into(), after.map(Into::into), limit)).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.one(Request::DeleteObject(key.into())).await
    }
}

#[async_trait]
impl Records for Remote {
    async fn get(&self, key: &str) -> Result<Option<Record>, PortError> {
        self.one(Request::GetRecord(key.into())).await
    }

    async fn put_if(
        &self,
        key: &str,
        value: Bytes,
        expect: Expect,
        expires: Option<Timestamp>,
    ) -> Result<Version, PortError> {
        self.one(Request::PutRecord(key.into(), value, expect, expires)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, PortError> {
        self.one(Request::ListRecords(prefix.into(), after.map(Into::into), limit)).await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<(), PortError> {
        self.one(Request::DeleteRecord(key.into(), expect)).await
    }
}

#[async_trait]
impl Ledger for Remote {
    async fn commit(&self, entry: Entry) -> Result<Committed, PortError> {
        self.one(Request::Commit(Box::new(entry))).await
    }
}
