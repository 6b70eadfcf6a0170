//! A plain HTTP client for tests: one request, one connection, nothing clever in between, so that a test can also
//! send what a well-behaved client would not.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// How long a test waits for an answer before it fails.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// GETs `url` (`http://host:port/path`).
pub fn get(url: &str) -> io::Result<Answer> {
    request("GET", url, &[], &[])
}

/// POSTs `body` to `url`.
pub fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
    request("POST", url, headers, body)
}

/// Sends one request and reads its answer to the end.
pub fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
    let (host, path) = split(url);
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    stream.write_all(head.as_bytes())?;
    // A server may refuse a body before it has read it all; its answer is then already there to be read.
    let sent = stream.write_all(body);
    read(&mut stream).or_else(|error| sent.and(Err(error)))
}

/// Reads one answer to the end of the connection.
pub fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    match parse(&bytes) {
        Some(answer) => Ok(answer),
        None => Err(ended.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
    }
}

fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let at = rest.find('/').unwrap_or(rest.len());
    (&rest[..at], if at == rest.len() { "/" } else { &rest[at..] })
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut answer =
        Answer { status, headers: lines.filter_map(pair).collect(), body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = unchunk(&answer.body)?;
    }
    let whole = answer.header("content-length").and_then(|length| length.parse().ok());
    whole.is_none_or(|length: usize| length == answer.body.len()).then_some(answer)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_length_by_chunks_and_to_the_end() {
        let head = "HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\n";
        let bodies = [
            "content-length: 5\r\n\r\nhello",
            "transfer-encoding: chunked\r\n\r\n4\r\nhell\r\n1\r\no\r\n0\r\n\r\n",
            "\r\nhello",
        ];
        for body in bodies {
            let answer = parse(format!("{head}{body}").as_bytes()).unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (202, "hello"));
            assert_eq!(answer.header("content-type"), Some("text/plain"));
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_is_none() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_url_is_a_host_and_a_path() {
        assert_eq!(split("http://127.0.0.1:80"), ("127.0.0.1:80", "/"));
        assert_eq!(split("http://127.0.0.1:80/a/b?c"), ("127.0.0.1:80", "/a/b?c"));
    }
}
