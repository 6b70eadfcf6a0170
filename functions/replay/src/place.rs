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
        let place = Place {
            hour: hour.to_owned(),
            ticks: times(&row.key, hour, row.stored).order,
            key: row.key.clone(),
        };
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

/// What a key tells of time, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// By which it is sent: its id's own time, as `sequence` has it, else when it was stored.
    pub order: u64,
    /// When it was made: the same, unless it is filed under another hour, because the id was not believed.
    pub made: u64,
}

/// Of a delivery of this hour.
pub fn times(key: &str, hour: &str, stored: Timestamp) -> Times {
    let name = key.rsplit('/').next().unwrap_or_default();
    let id = name.split('.').nth(1).map(|id| DeliveryId(id.to_owned()));
    let stored = DeliveryId::ticks_of(stored);
    let Some((own, time)) = id.and_then(|id| id.ticks().zip(id.time())) else {
        return Times { order: stored, made: stored };
    };
    Times { order: own, made: if hour_of(time) == hour { own } else { stored } }
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
    fn an_id_without_a_time_is_placed_by_when_it_was_stored_and_one_that_is_not_believed_was_made_then() {
        let at = "2026-11-21T12:34:00Z".parse().unwrap();
        let stored = DeliveryId::ticks_of(at);
        let own = DeliveryId(ID.into()).ticks().unwrap();
        let of = |name: &str, hour: &str| times(&format!("deliveries/a/{hour}/-.{name}"), hour, at);
        assert_eq!(of("abc", "2026/11/21/12"), Times { order: stored, made: stored });
        assert_eq!(of(ID, "2026/11/21/12"), Times { order: own, made: own });
        assert_eq!(of(ID, "2026/11/29/12"), Times { order: own, made: stored });
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
