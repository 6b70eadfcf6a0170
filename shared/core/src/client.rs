//! Who sent a request: the socket's peer, or whom trusted proxies name.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The right-most address of `X-Forwarded-For` that is no trusted proxy, when the peer is one; else the peer.
///
/// Everything left of it could have been written by the client itself. Where the chain cannot be read further, the
/// last address that a trusted hop vouched for counts. `lines` are the values of that header in the order they came; `None`
/// is one that is no text.
pub fn address<'a>(
    peer: IpAddr,
    lines: impl DoubleEndedIterator<Item = Option<&'a str>>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut address = peer.to_canonical();
    let is_proxy = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    if trusted.is_empty() || !is_proxy(address) {
        return address;
    }
    for line in lines.rev() {
        let Some(line) = line else { return address };
        for hop in line.rsplit(',') {
            let Some(ip) = parse(hop.trim()) else { return address };
            address = ip;
            if !is_proxy(address) {
                return address;
            }
        }
    }
    address
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`.
fn parse(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse().ok();
    let ip = ip.or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    let ip = ip.or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peer, trusted network, header lines (`|` between them), who it was, why.
    const CASES: &[[&str; 5]] = &[
        ["203.0.113.9", "", "198.51.100.1", "203.0.113.9", "no proxy is trusted"],
        ["203.0.113.9", "10.0.0.0/8", "198.51.100.1", "203.0.113.9", "the peer is no proxy"],
        ["10.0.0.1", "10.0.0.0/8", "", "10.0.0.1", "the proxy named nobody"],
        ["10.0.0.1", "10.0.0.0/8", "198.51.100.1", "198.51.100.1", "one proxy"],
        ["10.0.0.1", "10.0.0.0/8", "6.6.6.6, 198.51.100.1", "198.51.100.1", "a forged first hop"],
        ["10.0.0.1", "10.0.0.0/8", "198.51.100.1, 10.0.0.2", "198.51.100.1", "two proxies"],
        ["10.0.0.1", "10.0.0.0/8", "6.6.6.6|198.51.100.1,10.0.0.2", "198.51.100.1", "two lines"],
        ["10.0.0.1", "10.0.0.0/8", "198.51.100.1|10.0.0.2", "198.51.100.1", "a line a hop"],
        ["10.0.0.1", "10.0.0.0/8", "10.0.0.3, 10.0.0.2", "10.0.0.3", "all are proxies: the first"],
        ["10.0.0.1", "10.0.0.0/8", "198.51.100.1:8443", "198.51.100.1", "with a port"],
        ["10.0.0.1", "10.0.0.0/8", "[2001:db8::1]:8443", "2001:db8::1", "version 6 with a port"],
        ["10.0.0.1", "10.0.0.0/8", "[2001:db8::1]", "2001:db8::1", "version 6 in brackets"],
        ["10.0.0.1", "10.0.0.0/8", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2", "an unreadable hop"],
        ["10.0.0.1", "10.0.0.0/8", ",", "10.0.0.1", "an empty hop"],
        ["::ffff:10.0.0.1", "10.0.0.0/8", "198.51.100.1", "198.51.100.1", "a mapped peer"],
        ["fd00::1", "fd00::/8", "::ffff:198.51.100.1", "198.51.100.1", "a mapped hop"],
    ];

    #[test]
    fn forwarded_addresses_count_only_behind_trusted_proxies() {
        for [peer, trusted, lines, wanted, case] in CASES {
            let trusted: Vec<IpNet> = trusted.parse().into_iter().collect();
            let lines: Vec<_> = lines.split('|').filter(|line| !line.is_empty()).map(Some).collect();
            let got = address(peer.parse().unwrap(), lines.into_iter(), &trusted);
            assert_eq!(got, wanted.parse::<IpAddr>().unwrap(), "{case}");
        }
    }
}
