//! What no honest sender sends: each kind as bytes on a connection of its own, and what may be answered.

use std::time::Duration;

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{traffic::Body, wire};

/// How long a slow body trickles: less than a server has patience, or more.
const TRICKLE: Duration = Duration::from_secs(12);
/// How long an answer is waited for after that.
const PATIENCE: Duration = Duration::from_secs(15);
const TOO_LONG: usize = 26 << 20;

/// A kind of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hostile {
    /// Signed with another secret.
    Forged,
    /// No JSON, and rightly signed: a sender that is broken, not one that lies.
    Broken,
    /// Longer than GitHub's own limit.
    Oversized,
    /// A body of which a byte comes now and then.
    Slow,
    /// Headers without sense.
    Nonsense,
}

impl Hostile {
    const ALL: [Self; 5] = [Self::Forged, Self::Broken, Self::Oversized, Self::Slow, Self::Nonsense];

    pub(super) fn pick(rng: &mut Rng) -> Self {
        Self::ALL[rng.usize(..Self::ALL.len())]
    }

    /// Sends it; the status, or none where the connection was closed without one.
    pub async fn send(self, address: &str, body: &Body, broken: &str) -> Option<u16> {
        let mut stream = timeout(PATIENCE, TcpStream::connect(address)).await.ok()?.ok()?;
        let (head, piece) = self.bytes(body, broken);
        // A server may answer and close before it has read everything.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&piece).await;
        if self == Self::Slow {
            trickle(&mut stream).await;
        }
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        wire::status(&answer)
    }

    fn bytes(self, body: &Body, broken: &str) -> (String, Vec<u8>) {
        let own = format!("x-github-delivery: hostile\r\nx-github-event: {}\r\n", body.event);
        let json = "content-type: application/json\r\n";
        let head = |path: &str, length: usize, more: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nhost: load\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n"
            )
        };
        let (good, length) = (&body.signature, body.bytes.len());
        let path = "/webhooks/github";
        match self {
            Self::Forged => {
                let forged = format!("{own}{json}x-hub-signature-256: sha256={}\r\n", "0f".repeat(32));
                (head(path, length, &forged), body.bytes.to_vec())
            }
            Self::Broken => {
                let signed = format!("{own}{json}x-hub-signature-256: {broken}\r\n");
                (head(path, BROKEN.len(), &signed), BROKEN.to_vec())
            }
            Self::Oversized => {
                (head(path, TOO_LONG, &format!("{own}{json}")), body.bytes[..length.min(4096)].to_vec())
            }
            Self::Slow => (
                head(path, length, &format!("{own}{json}x-hub-signature-256: {good}\r\n")),
                body.bytes[..10].to_vec(),
            ),
            Self::Nonsense => {
                let odd = format!(
                    "content-type: \u{1}text/\r\nx-github-event: ../../etc\r\nx-github-delivery: {}\r\n",
                    "%00".repeat(500)
                );
                (head("/webhooks/%2e%2e", length, &odd), body.bytes.to_vec())
            }
        }
    }
}

/// No JSON.
pub const BROKEN: &[u8] = b"{\"action\": \"opened\", \"issue\": {";

/// A byte now and then, never all of them.
async fn trickle(stream: &mut TcpStream) {
    let until = Instant::now() + TRICKLE;
    while Instant::now() < until && stream.write_all(b" ").await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
    let _ = stream.shutdown().await;
}
