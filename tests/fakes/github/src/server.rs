//! The door on loopback: HTTP/1.1 on a port of the system's choice.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use pointsman_core::port::Http;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::FakeGithub;

/// The most that a request may hold: GitHub's own limit for blobs, and some.
const LIMIT: usize = 150 * 1024 * 1024;

/// An open door. Dropped, it is closed.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, always on loopback.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a GitHub on a free port of loopback. From then on its API is at that address.
pub async fn serve(github: Arc<FakeGithub>) -> std::io::Result<Server> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    github.set_base_url(&format!("http://{address}"));
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let github = github.clone();
            let service = service_fn(move |request| answer(github.clone(), address, request));
            connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(Server { address, task })
}

/// A fault that leaves a client without an answer closes the connection.
async fn answer(
    github: Arc<FakeGithub>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut parts, body) = request.into_parts();
    let body = Limited::new(body, LIMIT).collect().await?.to_bytes();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = format!("http://{address}{path}").parse()?;
    let sent = github.send(Request::from_parts(parts, body)).await?;
    let (mut parts, body) = sent.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Full::new(body)))
}
