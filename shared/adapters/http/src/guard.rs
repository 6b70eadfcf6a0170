//! Which addresses may be gone to. What a name stands for is judged after it was resolved, and the address that was judged
//! is the one that is gone to: a name that changes its mind in between gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Anybody's: the internet.
    Public,
    /// This machine's or this network's own.
    Private,
    /// Nobody's server: link-local (clouds hand out credentials there), multicast, reserved.
    Forbidden,
}

/// Where a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// To public addresses.
    Public,
    /// To private ones too: the operator named the host.
    Named,
}

impl Guard {
    /// Whether what a name stands for may be gone to.
    pub fn admits(self, address: IpAddr) -> bool {
        let place = place(address);
        place == Place::Public || (self == Self::Named && place == Place::Private)
    }

    /// Whether an address that the URL itself names may be gone to. An operator who writes one means it.
    pub fn admits_literal(self, address: IpAddr) -> bool {
        self == Self::Named || self.admits(address)
    }
}

/// What kind of place it is; an IPv6 address that stands for an IPv4 address is as that one.
pub(crate) fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
fn of_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        // Azure's platform and Oracle's metadata answer on these.
        [168, 63, 129, 16] | [192, 0, 0, _] | [0 | 224..=255, ..] | [169, 254, ..] => Place::Forbidden,
        [100, 100, 100, 200] => Place::Forbidden, // Alibaba's metadata
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
            Place::Private
        }
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => Place::Forbidden,
        _ => Place::Public,
    }
}

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
fn of_v6(address: Ipv6Addr) -> Place {
    let inner = |high: u16, low: u16| of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Place::Forbidden,
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Private,
        // Compatible, mapped (two ways of writing it), NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 1, ..] => Place::Forbidden,
        // 6to4 and Teredo, whose client's address is written inverted: nobody serves by them.
        [0x2002, high, low, ..] => inner(high, low).max(Place::Private),
        [0x2001, 0, _, _, _, _, high, low] => inner(!high, !low).max(Place::Private),
        // ISATAP, in whatever network.
        [.., 0 | 0x200, 0x5efe, high, low] => inner(high, low),
        // AWS's metadata, DNS and time.
        [0xfd00, 0xec2, ..] => Place::Forbidden,
        [0xfc00..=0xfdff, ..] => Place::Private,
        // Beyond 2000::/3 all is local, multicast, discarded or unassigned; documentation's addresses are nobody's.
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Place::Forbidden,
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Forbidden,
    }
}
