//! A connection to a host: requests one after another, as bytes, so that nothing between clock and wire hides a wait.

use std::io;

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Whether it says when to come again.
    pub has_retry_after: bool,
    /// Whether the connection ends with it.
    pub closes: bool,
}

/// An open connection.
pub struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Wire {
    /// Connects.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(4096) })
    }

    /// Whether the other side has closed it while nobody asked.
    pub fn is_over(&self) -> bool {
        let mut byte = [0];
        // Nothing to read is what an idle connection has.
        !matches!(self.stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends one request, and reads its answer to the end. A server may answer before it has read everything.
    pub async fn ask(&mut self, head: &[u8], body: &[u8]) -> io::Result<Reply> {
        let mut whole = Vec::with_capacity(head.len() + body.len());
        whole.extend_from_slice(head);
        whole.extend_from_slice(body);
        let sent = self.stream.write_all(&whole).await;
        self.read().await.or_else(|error| sent.and(Err(error)))
    }

    async fn read(&mut self) -> io::Result<Reply> {
        self.buffer.clear();
        loop {
            if let Some((reply, length)) = head(&self.buffer) {
                while self.buffer.len() < length {
                    self.more().await?;
                }
                return Ok(reply);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The status of an answer, once its first line is there.
pub fn status(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

/// What an answer's head says, once it is whole, and how long the answer is with its body.
fn head(answer: &[u8]) -> Option<(Reply, usize)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..end]).ok()?;
    let mut reply = Reply { status: status(answer)?, has_retry_after: false, closes: false };
    let mut length = 0;
    for line in text.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "retry-after" => reply.has_retry_after = value.trim().parse::<u32>().is_ok(),
            "connection" => reply.closes = value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    Some((reply, end + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_its_head_is_whole() {
        let text = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(head(&text.as_bytes()[..text.len() - 1]), None);
        let reply = Reply { status: 503, has_retry_after: true, closes: false };
        assert_eq!(head(text.as_bytes()), Some((reply, text.len() + 3)));
        let closing = "HTTP/1.1 408 X\r\nconnection: close\r\nretry-after: soon\r\n\r\n";
        let reply = Reply { status: 408, has_retry_after: false, closes: true };
        assert_eq!(head(closing.as_bytes()), Some((reply, closing.len())));
    }
}
