//! A few pages for the person at this machine: on loopback alone, for a command that waits for a browser's answer.
//!
//! Other sites must not read them: a request under another host's name is refused, and nothing in a page is run.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, time::Duration};

use http::{HeaderMap, Method, StatusCode, header};
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::debug;
use warp::{Filter, path::FullPath, reply::Response};

use crate::server::listen;

/// A browser opens six connections at most; others wait.
const CONNECTIONS: usize = 16;
/// How long a request's head may take, and an answer at the end.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const HEAD: usize = 32 << 10;
/// What a page may do: be shown. It has forms, and they may lead elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// What the browser asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// `/created`.
    pub path: String,
    /// What follows the `?`, as it was sent; empty without one.
    pub query: String,
}

/// What it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The page.
    pub html: String,
}

/// A bound loopback address, not served yet.
#[derive(Debug)]
pub struct Pages {
    listener: TcpListener,
    address: SocketAddr,
}

impl Pages {
    /// Binds the address; with port 0, [`Pages::local_addr`] tells which one it became. `InvalidInput`: it is not
    /// loopback.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let message = format!("{address} can be reached by others: pages are served on 127.0.0.1 alone");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then finishes what it is answering.
    pub async fn serve<F>(
        self,
        answer: impl Fn(Visit) -> F + Clone + Send + Sync + 'static,
        shutdown: impl Future<Output = ()>,
    ) where
        F: Future<Output = Page> + Send + 'static,
    {
        let graceful = GracefulShutdown::new();
        let mut http = Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
        let mut open = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = open.join_next() => {}
                stream = accept(&self.listener), if open.len() < CONNECTIONS => {
                    let service = TowerToHyperService::new(warp::service(routes(self.address, answer.clone())));
                    let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
                    open.spawn(async move {
                        if let Err(error) = connection.await {
                            debug!(%error, "a connection ended badly");
                        }
                    });
                }
            }
        }
        // What lasts longer is dropped.
        let _ = timeout(PATIENCE, graceful.shutdown()).await;
        open.shutdown().await;
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                debug!(%error, "a connection could not be accepted; trying again");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn routes<F>(
    address: SocketAddr,
    answer: impl Fn(Visit) -> F + Clone + Send + Sync + 'static,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone
where
    F: Future<Output = Page> + Send + 'static,
{
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method().and(warp::path::full()).and(query).and(warp::header::headers_cloned()).then(
        move |method: Method, path: FullPath, query: String, headers: HeaderMap| {
            let answer = answer.clone();
            async move {
                if !is_ours(&headers, address) {
                    return shown(text(StatusCode::MISDIRECTED_REQUEST, "This page has another address."));
                }
                if method != Method::GET {
                    return shown(text(StatusCode::METHOD_NOT_ALLOWED, "There is nothing here but pages."));
                }
                shown(answer(Visit { path: path.as_str().to_owned(), query }).await)
            }
        },
    )
}

/// A site whose name was made to lead here (DNS rebinding) asks under its own name.
fn is_ours(headers: &HeaderMap, address: SocketAddr) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host == address.to_string() || host == format!("localhost:{}", address.port())
}

fn text(status: StatusCode, text: &str) -> Page {
    Page { status, html: format!("<!doctype html><title>Pointsman</title><p>{text}</p>\n") }
}

fn shown(page: Page) -> Response {
    let mut response = Response::new(page.html.into());
    *response.status_mut() = page.status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}
