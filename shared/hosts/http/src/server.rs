//! Connections: taken while there is room, served by hyper, ended in order.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};
use tracing::{debug, error, info, warn};

use crate::{
    Limits, Parts,
    body::Room,
    routes::{Host, routes},
    turns::Turns,
    wire::Wire,
};

/// The wait after the system could not hand over a connection (out of file descriptors, mostly).
const BREATH: Duration = Duration::from_millis(50);
/// The most that hyper reads at a time, a connection.
const READ: usize = 64 << 10;

/// A bound address, not served yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    host: Arc<Host>,
}

impl Server {
    /// Binds the address; with port 0, [`Server::local_addr`] tells which one it became.
    pub async fn bind(address: SocketAddr, parts: Parts) -> io::Result<Self> {
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let (room, turns) = (Room::new(parts.limits.held), Turns::new(&parts.limits));
        Ok(Self { listener, address, host: Arc::new(Host { parts, room, turns }) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then finishes what was accepted, within `limits.grace`; what lasts longer is dropped.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, host, .. } = self;
        let limits = host.parts.limits.clone();
        let slots = Arc::new(Semaphore::new(limits.connections));
        let door = Door { http: http(&limits), host, stopping: Arc::default() };
        let graceful = GracefulShutdown::new();
        let mut open = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = open.join_next() => told(ended),
                (stream, peer, slot) = accept(&listener, &slots) => {
                    open.spawn(door.clone().serve(stream, peer, slot, graceful.watcher()));
                }
            }
        }
        drop(listener);
        door.stopping.store(true, Ordering::Relaxed);
        if timeout(limits.grace, graceful.shutdown()).await.is_err() {
            warn!(connections = open.len(), "stopped before all requests were answered: their time was over");
        }
        open.shutdown().await;
        info!("no longer listening");
    }
}

/// Binds the address; an error says what to do.
pub(crate) async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let clear = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses it: stop that, or listen elsewhere".into(),
            io::ErrorKind::AddrNotAvailable => "it is no address of this machine".into(),
            io::ErrorKind::PermissionDenied => "ports under 1024 need a right: take a higher one".into(),
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("cannot listen on {address}: {why}"))
    };
    TcpListener::bind(address).await.map_err(clear)
}

/// What every connection gets.
#[derive(Clone)]
struct Door {
    http: Builder,
    host: Arc<Host>,
    stopping: Arc<AtomicBool>,
}

impl Door {
    /// One connection, from its first byte to its last; its slot is free afterwards.
    async fn serve(self, stream: TcpStream, peer: IpAddr, _slot: OwnedSemaphorePermit, watcher: Watcher) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "the connection was gone at once");
            return;
        }
        let wire = Wire::new(stream, self.host.parts.limits.clone(), self.stopping);
        let service = TowerToHyperService::new(warp::service(routes(self.host, peer)));
        let connection = self.http.serve_connection(TokioIo::new(wire), service);
        if let Err(error) = watcher.watch(connection).await {
            debug!(%error, "a connection ended badly");
        }
    }
}

fn http(limits: &Limits) -> Builder {
    let mut http = Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head)
        .max_buf_size(READ.max(limits.head))
        .keep_alive(true);
    http
}

/// The next connection, once there is a slot for it.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), slot),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                warn!(%error, "a connection could not be accepted; trying again");
                sleep(BREATH).await;
            }
        }
    }
}

/// A connection's task never fails unless its code does.
fn told(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "a connection's task failed");
    }
}
