//! A plain HTTP server for tests, on a free loopback port: one thread a connection, requests one after another, bodies by
//! length or in chunks. An answer may take its time: Lambda's Runtime API is a long poll.

use std::{
    io::{self, BufRead, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// `200 OK`.
    pub status: &'static str,
    /// Without the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A server; dropped, it takes no more connections.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    closed: Arc<AtomicBool>,
}

/// Serves; a request without an answer closes its connection.
pub fn serve(answer: impl Fn(Asked) -> Option<Reply> + Send + Sync + 'static) -> Serving {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("a socket that is bound has an address");
    let (closed, answer) = (Arc::<AtomicBool>::default(), Arc::new(answer));
    let until = closed.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if until.load(Ordering::Relaxed) {
                return;
            }
            let answer = answer.clone();
            // An error is a connection that the other side has closed.
            thread::spawn(move || drop(converse(stream, &*answer)));
        }
    });
    Serving { address, closed }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes who accepts; when it fails, nobody does any more.
        drop(TcpStream::connect(self.address));
    }
}

fn converse(stream: TcpStream, answer: &dyn Fn(Asked) -> Option<Reply>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut to, mut from) = (stream.try_clone()?, BufReader::new(stream));
    while let Some(asked) = Asked::read(&mut from)? {
        let Some(reply) = answer(asked) else { return Ok(()) };
        reply.write(&mut to)?;
    }
    Ok(())
}

impl Asked {
    /// The header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The next one; none when the connection has ended.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let line = line(from)?;
        if line.is_empty() {
            return Ok(None);
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(io::Error::other(format!("`{line}` is no request")));
        };
        let mut asked = Self { method, path, headers: Vec::new(), body: Vec::new() };
        while let Some((name, value)) = self::line(from)?.split_once(':') {
            asked.headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        asked.body = asked.read_body(from)?;
        Ok(Some(asked))
    }

    fn read_body(&self, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.header("transfer-encoding") != Some("chunked") {
            let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            from.take(length).read_to_end(&mut body)?;
            return Ok(body);
        }
        loop {
            let size = u64::from_str_radix(&line(from)?, 16).map_err(io::Error::other)?;
            from.take(size).read_to_end(&mut body)?;
            line(from)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

impl Reply {
    /// In one piece.
    fn write(&self, to: &mut TcpStream) -> io::Result<()> {
        let mut bytes = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", self.body.len()).into_bytes());
        bytes.extend(&self.body);
        to.write_all(&bytes)
    }
}

/// A line without its end; empty at the end of the connection.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
