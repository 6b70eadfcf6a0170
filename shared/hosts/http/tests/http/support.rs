//! A server on a free port, and a client that writes requests byte by byte.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pointsman_core::{
    outcome::Outcome,
    pipeline::{Accepted, Request},
};
use pointsman_host_http::{Limits, Parts, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Every wait in these tests ends after this.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Running {
    pub async fn start(parts: Parts) -> Self {
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), parts).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), serving }
    }

    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for its end.
    pub async fn stopped(self) {
        timeout(DEADLINE, self.serving).await.expect("the server did not stop").unwrap();
    }

    pub async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), rest: Vec::new() }
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await.expect("the connection was closed without an answer")
    }
}

pub struct Client {
    pub stream: TcpStream,
    rest: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Client {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer, or nothing when the server closed (or reset) the connection first.
    pub async fn answer(&mut self) -> Option<Answer> {
        timeout(DEADLINE, self.read()).await.expect("no answer came")
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut chunk = vec![0; 16 << 10];
        loop {
            if let Some((answer, used)) = parse(&self.rest) {
                self.rest.drain(..used);
                return Some(answer);
            }
            let read = self.stream.read(&mut chunk).await.unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.rest.extend_from_slice(&chunk[..read]);
        }
    }

    /// Whether the server closes the connection, with nothing more said.
    pub async fn is_closed(&mut self) -> bool {
        self.answer().await.is_none()
    }
}

fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut answer = Answer { status: head[9..12].parse().unwrap(), head, body: String::new() };
    let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    let body = bytes.get(end..end + length)?;
    answer.body = String::from_utf8(body.to_vec()).unwrap();
    Some((answer, end + length))
}

/// A stage that counts what it gets and answers with what it saw.
pub fn echo() -> (Parts, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let parts = Parts::new("intake", move |request: Request| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Outcome::Done(accepted(&request)) }
    });
    (parts, calls)
}

/// Short times, so that tests end soon.
pub fn short() -> Limits {
    Limits {
        head_time: Duration::from_millis(200),
        body_pause: Duration::from_millis(200),
        body_time: Duration::from_millis(600),
        ..Limits::default()
    }
}

/// What the stage saw: the source and peer, the body's length and the delivery's id.
pub fn accepted(request: &Request) -> Accepted {
    Accepted {
        id: request.headers.get("x-github-delivery").unwrap_or("-").to_owned(),
        session: format!("{}/{}", request.source, request.peer),
        subscriptions: vec![request.body.len().to_string()],
        duplicate: false,
        traceparent: String::new(),
    }
}

/// A webhook with this body, its length announced.
pub fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: t\r\nx-github-delivery: d-1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
