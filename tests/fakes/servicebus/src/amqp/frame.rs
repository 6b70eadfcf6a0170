//! Frames: read by fe2o3's decoders, written by us, so that every field of every performative is ours to choose.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use fe2o3_amqp::frames::{
    amqp::{Frame, FrameDecoder},
    sasl,
};
use fe2o3_amqp_types::performatives::{Performative, Transfer};
use tokio_util::codec::{Decoder, Encoder as _};

/// What we say that a frame may have; also what a frame must not be longer than here.
pub const LONGEST: u32 = 256 << 10;

/// Reads frames of the AMQP layer.
#[derive(Debug)]
pub struct Frames;

impl Decoder for Frames {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, from: &mut BytesMut) -> io::Result<Option<Frame>> {
        let Some(mut frame) = cut(from)? else { return Ok(None) };
        FrameDecoder {}.decode(&mut frame).map_err(|error| malformed(format!("{error:?}")))
    }
}

/// Reads frames of the SASL layer.
pub fn sasl(from: &mut BytesMut) -> io::Result<Option<sasl::Frame>> {
    let Some(mut frame) = cut(from)? else { return Ok(None) };
    sasl::FrameCodec {}.decode(&mut frame).map_err(|error| malformed(format!("{error:?}")))
}

/// A frame without its length, once it is whole.
fn cut(from: &mut BytesMut) -> io::Result<Option<BytesMut>> {
    let Some(length) = from.first_chunk().map(|four| u32::from_be_bytes(*four)) else { return Ok(None) };
    if !(8..=LONGEST).contains(&length) {
        return Err(malformed(format!("a frame of {length} bytes")));
    }
    let length = length as usize;
    if from.len() < length {
        from.reserve(length - from.len());
        return Ok(None);
    }
    let mut frame = from.split_to(length);
    frame.advance(4);
    Ok(Some(frame))
}

/// An error of the protocol.
pub fn malformed(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Appends a frame.
pub fn write(to: &mut BytesMut, channel: u16, performative: &Performative) {
    frame(to, channel, performative, &[]);
}

/// Appends a message as so many frames as it takes; says how many.
pub fn write_transfer(
    to: &mut BytesMut,
    channel: u16,
    mut transfer: Transfer,
    mut payload: Bytes,
    longest: u32,
) -> u32 {
    // A transfer's own fields take less than this.
    let room = (longest as usize).saturating_sub(512).max(512);
    let mut frames = 0;
    loop {
        let part = payload.split_to(room.min(payload.len()));
        transfer.more = !payload.is_empty();
        frame(to, channel, &Performative::Transfer(transfer.clone()), &part);
        frames += 1;
        if payload.is_empty() {
            return frames;
        }
        transfer.delivery_id = None;
        transfer.delivery_tag = None;
        transfer.message_format = None;
    }
}

fn frame(to: &mut BytesMut, channel: u16, performative: &Performative, payload: &[u8]) {
    let body = serde_amqp::to_vec(performative).expect("a performative can be written");
    let length = u32::try_from(8 + body.len() + payload.len()).expect("a frame is short");
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(&[2, 0]);
    to.extend_from_slice(&channel.to_be_bytes());
    to.extend_from_slice(&body);
    to.extend_from_slice(payload);
}

/// Appends a frame that says no more than that somebody is there.
pub fn write_empty(to: &mut BytesMut) {
    to.extend_from_slice(&[0, 0, 0, 8, 2, 0, 0, 0]);
}

/// Appends a frame of the SASL layer.
pub fn write_sasl(to: &mut BytesMut, frame: sasl::Frame) -> io::Result<()> {
    let mut body = BytesMut::new();
    sasl::FrameCodec {}.encode(frame, &mut body).map_err(|error| malformed(format!("{error:?}")))?;
    let length = u32::try_from(4 + body.len()).map_err(malformed_length)?;
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(&body);
    Ok(())
}

fn malformed_length(error: std::num::TryFromIntError) -> io::Error {
    malformed(error.to_string())
}
