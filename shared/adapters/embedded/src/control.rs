//! The control port: other processes of the same user use the store through who holds it. Loopback only, and only for
//! who can read the token in the lock file.

use std::{sync::Weak, time::Duration};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use pointsman_core::{
    ledger::Ledger as _,
    port::{Archive, Ask, PortError, Queue as _, QueueAdmin, QueueName, Received, Receiver as _, Records},
};
use subtle::ConstantTimeEq as _;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::{
    store::{Inner, Store},
    wire::{Failure, Request, Wired, decode, encode, frames, token_frames, wired},
};

/// Connections at once.
const MOST: usize = 256;

/// How long a connection may take to show its token.
const TOKEN_TIME: Duration = Duration::from_secs(5);

type Connection = Framed<TcpStream, LengthDelimitedCodec>;

/// Serves until it is aborted; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, token: String, store: Weak<Inner>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MOST => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, token.clone(), store.clone()));
                }
                // Too many open files, say: it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, token: String, store: Weak<Inner>) {
    let mut framed = Framed::new(stream, token_frames());
    let Ok(Some(Ok(shown))) = timeout(TOKEN_TIME, framed.next()).await else { return };
    if !bool::from(shown.ct_eq(token.as_bytes())) {
        return;
    }
    *framed.codec_mut() = frames();
    while let Some(Ok(frame)) = framed.next().await {
        let Some(inner) = store.upgrade() else { return };
        if answer(&Store::from_inner(inner), &mut framed, &frame).await.is_err() {
            return;
        }
    }
}

/// The other side is gone, or speaks another language.
struct Broken;

impl From<PortError> for Broken {
    fn from(_: PortError) -> Self {
        Self
    }
}

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

async fn answer(store: &Store, framed: &mut Connection, frame: &[u8]) -> Result<(), Broken> {
    let frame = match decode(frame)? {
        Request::Receive(queue, ask) => return receive(store, framed, &queue, ask).await,
        request => call(store, request).await?,
    };
    Ok(framed.send(frame).await?)
}

/// A receive ends when the other side goes away, and what it did not say that it got is given back untouched.
async fn receive(store: &Store, framed: &mut Connection, queue: &QueueName, ask: Ask) -> Result<(), Broken> {
    let received = tokio::select! {
        biased;
        // It has nothing to say while it waits: it is gone.
        _ = framed.next() => return Err(Broken),
        received = store.receive(queue, ask) => received,
    };
    let mut given = Given { store, received: Vec::new() };
    let answer: Wired<&Vec<Received>> = match received {
        Ok(received) => {
            given.received = received;
            Ok(&given.received)
        }
        Err(error) => Err(error.into()),
    };
    framed.send(encode(&answer)?).await?;
    match framed.next().await {
        Some(Ok(_)) => {
            given.received.clear();
            Ok(())
        }
        _ => Err(Broken),
    }
}

/// Messages on their way to the other side.
struct Given<'a> {
    store: &'a Store,
    received: Vec<Received>,
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.store.give_back(&self.received);
    }
}

async fn call(store: &Store, request: Request) -> Result<Bytes, PortError> {
    fn one<T: serde::Serialize>(answer: Result<T, PortError>) -> Result<Bytes, PortError> {
        encode(&answer.map_err(Failure::from))
    }
    match request {
        Request::Receive(..) => Err(PortError::internal("a receive is answered apart")),
        Request::Send(queue, messages) => encode(&wired(store.send(&queue, messages).await)),
        Request::Complete(queue, receipts) => encode(&wired(store.complete(&queue, &receipts).await)),
        Request::Abandon(queue, receipt, how) => one(store.abandon(&queue, &receipt, how).await),
        Request::DeadLetter(queue, receipt, reason, error) => {
            one(store.dead_letter(&queue, &receipt, &reason, &error).await)
        }
        Request::Renew(queue, receipt, visibility) => one(store.renew(&queue, &receipt, visibility).await),
        Request::Queues => one(QueueAdmin::list(store).await),
        Request::Stats(queue) => one(store.stats(&queue).await),
        Request::Peek(queue, after, limit) => one(store.peek(&queue, after.as_ref(), limit).await),
        Request::Purge(queue, which) => one(store.purge(&queue, which).await),
        Request::Control(queue, what) => one(QueueAdmin::control(store, &queue, what).await),
        Request::PutObject(key, object) => one(store.put_new(&key, object).await),
        Request::GetObject(key) => one(Archive::get(store, &key).await),
        Request::ListObjects(prefix, after, limit) => {
            one(Archive::list(store, &prefix, after.as_deref(), limit).await)
        }
        Request::DeleteObject(key) => one(Archive::delete(store, &key).await),
        Request::GetRecord(key) => one(Records::get(store, &key).await),
        Request::PutRecord(key, value, expect, expires) => {
            one(store.put_if(&key, value, expect, expires).await)
        }
        Request::ListRecords(prefix, after, limit) => {
            one(Records::list(store, &prefix, after.as_deref(), limit).await)
        }
        Request::DeleteRecord(key, expect) => one(Records::delete(store, &key, expect).await),
        Request::Commit(entry) => one(store.commit(*entry).await),
    }
}
