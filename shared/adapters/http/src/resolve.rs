//! Names to addresses, and only to those that may be gone to. What comes out of here is dialled as it is.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::guard::Guard;

/// Looks a name up.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A lookup, and what is believed of it.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub lookup: Lookup,
    pub guard: Guard,
}

/// Nothing of what a host stands for may be gone to.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "{host} has no address that may be gone to ({}): hosts with private addresses are reached only where the configuration names them",
    shown(.found)
)]
pub struct Refused {
    pub(crate) host: String,
    pub(crate) found: Vec<IpAddr>,
}

impl Resolver {
    /// By this machine's own means.
    pub fn system(guard: Guard) -> Self {
        let lookup = |name: String| -> BoxFuture<'static, _> {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        };
        Self { lookup: Arc::new(lookup), guard }
    }

    /// The address that a URL's host is, where it must not be looked up: connectors go there without asking.
    pub fn literal(&self, host: &str) -> Result<Option<IpAddr>, Refused> {
        let Ok(address) = host.trim_matches(['[', ']']).parse() else { return Ok(None) };
        match self.guard.admits_literal(address) {
            true => Ok(Some(address)),
            false => Err(Refused { host: host.to_owned(), found: vec![address] }),
        }
    }

    /// The host's addresses that may be gone to; at least one.
    pub async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Some(address) = self.literal(host).map_err(io::Error::from)? {
            return Ok(vec![address]);
        }
        let found = (self.lookup)(host.to_owned()).await?;
        let admitted: Vec<IpAddr> = found.iter().copied().filter(|it| self.guard.admits(*it)).collect();
        if admitted.is_empty() { Err(Refused { host: host.to_owned(), found }.into()) } else { Ok(admitted) }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refused)
    }
}

fn shown(found: &[IpAddr]) -> String {
    match found {
        [] => "it has none at all".into(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// As the connector asks: the port is its own affair.
impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            let at_no_port = |address| SocketAddr::new(address, 0);
            Ok(found.into_iter().map(at_no_port).collect::<Vec<_>>().into_iter())
        })
    }
}
