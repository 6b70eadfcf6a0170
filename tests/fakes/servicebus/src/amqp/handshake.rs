//! Before the first frame: the protocol's headers and SASL. Whoever comes is let in; `$cbs` is told who it is.

use std::io;

use bytes::BytesMut;
use fe2o3_amqp::frames::sasl::Frame;
use fe2o3_amqp_types::{
    primitives::{Array, Symbol},
    sasl::{SaslCode, SaslMechanisms, SaslOutcome},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::frame::{malformed, sasl, write_sasl};

const AMQP: [u8; 8] = *b"AMQP\0\x01\0\0";
const SASL: [u8; 8] = *b"AMQP\x03\x01\0\0";

/// Returns once the other side may send frames; with what it has sent beyond.
pub async fn shake(stream: &mut TcpStream) -> io::Result<BytesMut> {
    let mut read = BytesMut::new();
    let mut header = take_header(stream, &mut read).await?;
    if header == SASL {
        authenticate(stream, &mut read).await?;
        header = take_header(stream, &mut read).await?;
    }
    stream.write_all(&AMQP).await?;
    match header == AMQP {
        true => Ok(read),
        false => Err(malformed(format!("the header {header:?}"))),
    }
}

async fn take_header(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<[u8; 8]> {
    while read.len() < 8 {
        more(stream, read).await?;
    }
    let header = read.split_to(8);
    header[..].try_into().map_err(|_| malformed("no header"))
}

async fn more(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<()> {
    match stream.read_buf(read).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn authenticate(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<()> {
    let mut out = BytesMut::from(&SASL[..]);
    let mechanisms = ["ANONYMOUS", "PLAIN", "MSSBCBS", "EXTERNAL"].map(Symbol::from);
    let offered = SaslMechanisms { sasl_server_mechanisms: Array(mechanisms.to_vec()) };
    write_sasl(&mut out, Frame::Mechanisms(offered))?;
    stream.write_all(&out).await?;
    loop {
        match sasl(read)? {
            Some(Frame::Init(_)) => break,
            Some(other) => return Err(malformed(format!("{other:?} before an init"))),
            None => more(stream, read).await?,
        }
    }
    let mut out = BytesMut::new();
    write_sasl(&mut out, Frame::Outcome(SaslOutcome { code: SaslCode::Ok, additional_data: None }))?;
    stream.write_all(&out).await
}
