//! What one client, and all of them together, may cost.

use std::time::Duration;

/// Bounds on time and memory. The defaults are right for production; tests shorten the times.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest body, in bytes. Default 25 MiB, GitHub's own cap.
    pub body: usize,
    /// The longest request line and headers, in bytes. Default 32 KiB.
    pub head: usize,
    /// How long a request's headers may take, and how long a connection may idle between requests. Default 10 s.
    pub head_time: Duration,
    /// How long a body may make no progress. Default 10 s.
    pub body_pause: Duration,
    /// How long a whole body may take. Default 60 s.
    pub body_time: Duration,
    /// How long a client may refuse to take its answer. Default 10 s.
    pub write_pause: Duration,
    /// How long an unread request is thrown away after its answer, so that the client gets to read that. Default 2 s.
    pub linger: Duration,
    /// Connections open at the same time; more wait unaccepted. Default 4,096.
    pub connections: usize,
    /// Bytes of bodies held at the same time; over it 503. Default 256 MiB.
    pub held: usize,
    /// Webhooks that are worked on at a time; more wait for their turn. Default 128: enough to keep
    /// two cores and a disk busy, a few hundredths of a second of work.
    pub at_work: usize,
    /// A wait for a turn that is too long: where all are and more and more wait, those beyond a few are told 503. Default
    /// 50 ms.
    pub wait: Duration,
    /// How long the readiness check may take. Default 5 s.
    pub ready_time: Duration,
    /// How long a stop waits for what was accepted. Default 10 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 25 << 20,
            head: 32 << 10,
            head_time: Duration::from_secs(10),
            body_pause: Duration::from_secs(10),
            body_time: Duration::from_secs(60),
            write_pause: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            connections: 4096,
            held: 256 << 20,
            at_work: 128,
            wait: Duration::from_millis(50),
            ready_time: Duration::from_secs(5),
            grace: Duration::from_secs(10),
        }
    }
}
