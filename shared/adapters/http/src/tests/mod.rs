//! The client against servers that answer byte for byte what a test says.

mod guard;
mod plain;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use pointsman_core::port::Named;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

/// The same to a host that the operator named: these servers are on this machine.
fn named(url: &str) -> Request<Bytes> {
    Request::get(url).extension(Named).body(Bytes::new()).unwrap()
}

/// A server that takes `connections` one after another and gives these answers, one a request; what it read is told.
async fn server(answers: Vec<String>) -> (String, impl Future<Output = Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let (mut told, mut answers) = (Vec::new(), answers.into_iter().peekable());
        while answers.peek().is_some() {
            let (mut stream, _) = listener.accept().await.unwrap();
            told.extend(serve(&mut stream, &mut answers).await);
        }
        told
    });
    (address, async move { served.await.unwrap() })
}

/// Answers one connection's requests until it ends or an answer closes it.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    answers: &mut std::iter::Peekable<std::vec::IntoIter<String>>,
) -> Vec<String> {
    let (mut told, mut read) = (Vec::new(), vec![0; 4096]);
    while answers.peek().is_some() {
        let count = stream.read(&mut read).await.unwrap_or(0);
        if count == 0 {
            break;
        }
        told.push(String::from_utf8_lossy(&read[..count]).into_owned());
        let answer = answers.next().unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.is_empty() || answer.contains("connection: close") {
            break;
        }
    }
    told
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn moved(to: &str) -> String {
    format!("HTTP/1.1 301 Moved Permanently\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}
