//! A door between a program and a service: open, closed to everybody, or slow. It moves bytes and knows nothing of them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
};

/// Refuses, instead of a wait.
const CLOSED: u64 = u64::MAX;

/// A door; it stands as long as the runtime.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    /// How long each piece waits on its way, in ms.
    wait: Arc<AtomicU64>,
}

impl Proxy {
    /// Before `upstream`, `host:port`.
    pub async fn open(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a socket that is bound has an address");
        let (wait, upstream) = (Arc::<AtomicU64>::default(), upstream.to_owned());
        let proxy = Self { address, wait: wait.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, upstream.clone(), wait.clone()));
            }
        });
        proxy
    }

    /// From now on nobody gets through, and who is inside is cut off.
    pub fn close(&self) {
        self.wait.store(CLOSED, Ordering::Relaxed);
    }

    /// From now on each piece waits so long.
    pub fn slow(&self, wait: Duration) {
        self.wait.store(u64::try_from(wait.as_millis()).unwrap_or(CLOSED - 1), Ordering::Relaxed);
    }

    /// As if it were not there.
    pub fn mend(&self) {
        self.wait.store(0, Ordering::Relaxed);
    }
}

async fn pass(inside: TcpStream, upstream: String, wait: Arc<AtomicU64>) {
    if wait.load(Ordering::Relaxed) == CLOSED {
        return;
    }
    let Ok(outside) = TcpStream::connect(upstream).await else { return };
    let ((from, to), (answers, asks)) = (inside.into_split(), outside.into_split());
    // When one half ends, both are dropped.
    tokio::select! {
        () = carry(from, asks, &wait) => {}
        () = carry(answers, to, &wait) => {}
    }
}

async fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, wait: &AtomicU64) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        match wait.load(Ordering::Relaxed) {
            CLOSED => return,
            0 => {}
            wait => tokio::time::sleep(Duration::from_millis(wait)).await,
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
