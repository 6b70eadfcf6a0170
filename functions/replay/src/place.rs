//! Where a delivery stands in the order of sending: hour by hour over all sources, within an hour by the 60-bit time of
//! its id.

use jiff::Timestamp;
use pointsman_core::{delivery::DeliveryId, port::Listed};
use serde::{Deserialize, Serialize};

/// Bytes of `yyyy/mm/dd/hh`.
pub const HOUR: usize = 13;

/// A delivery's place: this is the order in which a replay sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// `yyyy/mm/dd/hh`, under which it is filed.
    pub hour: String,
    /// 100-ns ticks since 1582-10-15: its id's own, else those of when it was stored.
    pub ticks: u64,
    /// Its key in the archive.
    pub key: String,
}

/// A delivery in the archive, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where it stands.
    pub place: Place,
    /// Bytes of its body.
    pub size: u64,
}

impl Found {
    /// Of a row of the archive; none where the key is no delivery's.
    pub fn new(row: &Listed) -> Option<Self> {
        let hour = hour(&row.key)?;
        let place =
            Place { hour: hour.to_owned(), ticks: ticks(&row.key, hour, row.stored), key: row.key.clone() };
        Some(Self { place, size: row.size })
    }
}

/// `yyyy/mm/dd/hh` of `deliveries/{source}/{yyyy/mm/dd/hh}/{name}`.
pub fn hour(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("deliveries/")?;
    let rest = &rest[rest.find('/')? + 1..];
    let hour = rest.get(..HOUR).filter(|_| rest.as_bytes().get(HOUR) == Some(&b'/'))?;
    is_hour(hour).then_some(hour)
}

fn is_hour(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let sizes: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    sizes == [4, 2, 2, 2] && text.bytes().all(|byte| byte == b'/' || byte.is_ascii_digit())
}

/// The source of `deliveries/{source}/...`.
pub fn source(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or_default()
}

/// The hour that a time falls into.
pub fn hour_of(time: Timestamp) -> String {
    time.strftime("%Y/%m/%d/%H").to_string()
}

/// The id's own time where the delivery is filed under it, else when it was stored: as `sequence` does.
pub fn ticks(key: &str, hour: &str, stored: Timestamp) -> u64 {
    let name = key.rsplit('/').next().unwrap_or_default();
    let id = name.split('.').nth(1).map(|id| DeliveryId(id.to_owned()));
    let own = id.and_then(|id| id.ticks().zip(id.time()));
    let believed = own.filter(|(_, time)| hour_of(*time) == hour);
    believed.map_or_else(|| DeliveryId::ticks_of(stored), |(ticks, _)| ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "13cfa000-e5a3-11f1-8080-0123456789ab";

    fn found(key: &str) -> Option<Found> {
        Found::new(&Listed { key: key.into(), size: 7, stored: "2026-11-21T12:34:00Z".parse().unwrap() })
    }

    #[test]
    fn a_key_tells_hour_and_time() {
        let place = found(&format!("deliveries/github/2026/11/21/12/42.{ID}")).unwrap().place;
        assert_eq!(place.hour, "2026/11/21/12");
        assert_eq!(Some(place.ticks), DeliveryId(ID.into()).ticks());
        let variant = found(&format!("deliveries/github/2026/11/21/12/42.{ID}.0123abcd")).unwrap().place;
        assert_eq!(variant.ticks, place.ticks);
        assert!(variant > place, "what came first under an id is sent first");
    }

    #[test]
    fn an_id_without_a_time_or_from_another_hour_is_placed_by_when_it_was_stored() {
        let stored = DeliveryId::ticks_of("2026-11-21T12:34:00Z".parse().unwrap());
        for key in
            ["deliveries/gitlab/2026/11/21/12/-.abc", &format!("deliveries/github/2026/11/29/12/42.{ID}")]
        {
            assert_eq!(found(key).unwrap().place.ticks, stored, "{key}");
        }
    }

    #[test]
    fn what_is_no_deliverys_key_has_no_place() {
        for key in [
            "",
            "deliveries/",
            "deliveries/a/2026/11/21/1/x",
            "rejected/a/2026/11/21/12/x",
            "deliveries/a/2026-11-21-12/x",
            "deliveries/a/2026/11/21/12",
        ] {
            assert_eq!(found(key), None, "{key}");
        }
    }
}
