//! The AMQP side. fe2o3's own acceptor has no word for a link that is refused, that waits for a session, or whose credit is
//! asked: the engine here is ours, on fe2o3's types and decoders.

mod attach;
mod connection;
mod frame;
mod handshake;
mod inlet;
mod management;
mod outlet;
mod session;
mod settle;

pub use connection::serve;
