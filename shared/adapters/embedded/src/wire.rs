//! What is said on the control port: one frame asks, one frame answers. Each request is one method of a port.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use pointsman_core::{
    ledger::Entry,
    port::{
        Abandon, Ask, Control, ErrorKind, Expect, Message, MessageId, Object, PortError, QueueName, Receipt,
        Selection,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio_util::codec::LengthDelimitedCodec;

/// The longest frame, in bytes: a receive of the longest bodies.
const LONGEST: usize = 1 << 30;

/// Bytes of a token as text.
const TOKEN: usize = 64;

/// A method and its arguments; the answer is that method's, encoded.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Send(QueueName, Vec<Message>),
    Receive(QueueName, Ask),
    Complete(QueueName, Vec<Receipt>),
    Abandon(QueueName, Receipt, Abandon),
    DeadLetter(QueueName, Receipt, String, String),
    Renew(QueueName, Receipt, Duration),
    Queues,
    Stats(QueueName),
    Peek(QueueName, Option<MessageId>, usize),
    Purge(QueueName, Selection),
    Control(QueueName, Control),
    PutObject(String, Object),
    GetObject(String),
    ListObjects(String, Option<String>, usize),
    DeleteObject(String),
    GetRecord(String),
    PutRecord(String, Bytes, Expect, Option<Timestamp>),
    ListRecords(String, Option<String>, usize),
    DeleteRecord(String, Expect),
    Commit(Box<Entry>),
}

/// A port's failure on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    kind: ErrorKind,
    message: String,
}

/// A port's answer on its way.
pub(crate) type Wired<T> = Result<T, Failure>;

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self { kind: error.kind, message: error.to_string() }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, failure.message)
    }
}

/// A list of answers made ready for the way.
pub(crate) fn wired<T>(answers: Vec<Result<T, PortError>>) -> Vec<Wired<T>> {
    answers.into_iter().map(|answer| answer.map_err(Failure::from)).collect()
}

/// As a frame's bytes.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Bytes, PortError> {
    postcard::to_stdvec(value)
        .map(Bytes::from)
        .map_err(|error| PortError::internal("a control frame cannot be written").caused_by(error))
}

/// From a frame's bytes.
pub(crate) fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, PortError> {
    postcard::from_bytes(frame).map_err(|error| {
        PortError::internal("a control frame cannot be read: are both programs of one version?")
            .caused_by(error)
    })
}

/// Frames of whom we know.
pub(crate) fn frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_codec()
}

/// Frames of whom we do not know yet: no longer than a token.
pub(crate) fn token_frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(TOKEN).new_codec()
}
