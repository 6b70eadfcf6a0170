//! Connections for what is no HTTP: the same TLS, authorities and patience, and nothing is said on them yet.

use std::{io, net::SocketAddr};

use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Client, Error,
    error::{refused, told},
};

impl Client {
    /// A connection in plain text.
    pub async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let failed = |cause: io::Error| Error::Connect { host: host.to_owned(), port, cause };
        let connecting = timeout(self.limits.connect, self.connect(host, port)).await;
        let stream = connecting
            .map_err(|late| failed(late.into()))?
            .map_err(|error| refused(&error).unwrap_or_else(|| failed(error)))?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(stream)
    }

    /// To one of the addresses that were judged, and no other. Configuration names these hosts.
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let addresses = self.named().resolver.addresses(host).await?;
        let at: Vec<SocketAddr> =
            addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        TcpStream::connect(&*at).await
    }

    /// A connection over TLS, to a host whose certificate is good.
    pub async fn dial_tls(&self, host: &str, port: u16) -> Result<TlsStream<TcpStream>, Error> {
        let failed = |cause: io::Error| Error::Connect { host: host.to_owned(), port, cause };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(io::Error::other(error)))?;
        let stream = self.dial(host, port).await?;
        let connector = TlsConnector::from(self.tls.clone());
        let shaken = timeout(self.limits.connect, connector.connect(name, stream)).await;
        shaken.map_err(|late| failed(late.into()))?.map_err(|error| match crate::error::within(&error) {
            Some(tls) => Error::Untrusted { host: host.to_owned(), told: told(tls, self.no_roots) },
            None => failed(error),
        })
    }
}
