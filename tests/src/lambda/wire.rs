//! HTTP/1.1 as far as the Runtime API needs it: requests one after another on a connection, bodies by length or in chunks.

use std::{
    io::{self, BufRead, Read, Write},
    net::TcpStream,
};

/// One request.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    /// The next one; none when the connection has ended.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let line = line(from)?;
        if line.is_empty() {
            return Ok(None);
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(io::Error::other(format!("`{line}` is no request")));
        };
        let mut headers = Vec::new();
        loop {
            let line = self::line(from)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let mut asked = Self { method, path, headers, body: Vec::new() };
        asked.body = asked.read_body(from)?;
        Ok(Some(asked))
    }

    /// The header of this name, in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
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

/// A line without its end; empty at the end of the connection.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

/// Writes one answer, in one piece.
pub(super) fn answer(
    to: &mut TcpStream,
    status: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    to.write_all(&bytes)
}
