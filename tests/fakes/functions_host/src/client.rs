//! One request to the program, on a connection of its own.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Calls a function.
pub(crate) async fn post(address: SocketAddr, function: &str, body: &Bytes) -> io::Result<Response<Bytes>> {
    let request = Request::post(format!("/{function}")).header("content-type", "application/json");
    send(address, request.body(body.clone()).map_err(io::Error::other)?).await
}

/// Sends a request; the whole answer.
pub(crate) async fn send(address: SocketAddr, mut request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // It ends with the answer: nothing else is sent on it.
    let driving = tokio::spawn(connection);
    let host = address.to_string().parse().map_err(io::Error::other)?;
    request.headers_mut().insert(http::header::HOST, host);
    let answer = sender.send_request(request.map(Full::new)).await.map_err(io::Error::other)?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    driving.abort();
    Ok(Response::from_parts(parts, body))
}
