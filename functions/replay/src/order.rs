//! What somebody asks for: which deliveries, to whom, how fast. Read from JSON and checked, all faults told at once.

use jiff::Timestamp;
use pointsman_core::{
    condition::Condition,
    port::QueueName,
    route::{check_event_pattern, check_repository_pattern},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Deliveries a second, unless the order says otherwise.
pub const RATE: u32 = 50;
/// So many deliveries can be named by their ids: the order is kept in a record.
const MOST_IDS: usize = 1_000;
/// The longest order, in bytes of its JSON.
const LONGEST: usize = 40 * 1024;

/// One replay as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its name: the same one twice is one replay.
    pub id: String,
    /// Which deliveries.
    #[serde(flatten)]
    pub what: Selection,
    /// The subscriptions that get them, where they want them; none named = all that want them today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Deliveries a second; 0 = as fast as the queues take them.
    #[serde(default = "rate")]
    pub rate: u32,
    /// Whether anything is sent; otherwise it is only counted.
    #[serde(default)]
    pub apply: bool,
}

/// Which deliveries: those that every filter lets through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Only these, by their ids or their keys in the archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<String>,
    /// Only those whose dead letters lie behind this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<QueueName>,
    /// Only of this session, as `pointsman events` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Only made then or later, by the time of the id, else of the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only those that came in by this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only these events, by the patterns of subscriptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Only these repositories, by the patterns of subscriptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Only those for which this CEL expression holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

fn rate() -> u32 {
    RATE
}

/// All that is wrong with an order, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);

impl Order {
    /// From JSON; without an `id` it gets one from the time.
    pub fn read(text: &[u8], now: Timestamp) -> Result<Self, Faults> {
        let members: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| Faults(vec![format!("the order is no JSON object: {error}")]))?;
        let mut fields = Fields { members, faults: Vec::new() };
        let order = Self {
            id: fields.take("id").unwrap_or_else(|| new_id(now)),
            what: Selection {
                deliveries: fields.take("deliveries").unwrap_or_default(),
                dead_letters: fields.take("dead_letters"),
                session: fields.take("session"),
                since: fields.take("since"),
                until: fields.take("until"),
                source: fields.take("source"),
                events: fields.take("events").unwrap_or_default(),
                repositories: fields.take("repositories").unwrap_or_default(),
                when: fields.take("when"),
            },
            to: fields.take("to").unwrap_or_default(),
            rate: fields.take("rate").unwrap_or(RATE),
            apply: fields.take("apply").unwrap_or_default(),
        };
        let unknown = fields.members.keys().map(|name| format!("`{name}` is unknown in an order"));
        fields.faults.extend(unknown.collect::<Vec<_>>());
        // A field that could not be read would be told a second time as one that is missing.
        if fields.faults.is_empty() {
            fields.faults = order.faults();
        }
        if fields.faults.is_empty() { Ok(order.tidied()) } else { Err(Faults(fields.faults)) }
    }

    /// Checked, and its patterns as they are compared.
    pub fn checked(self) -> Result<Self, Faults> {
        let faults = self.faults();
        if faults.is_empty() { Ok(self.tidied()) } else { Err(Faults(faults)) }
    }

    fn tidied(mut self) -> Self {
        self.what.repositories.iter_mut().for_each(|pattern| *pattern = pattern.to_lowercase());
        self.what.dead_letters = self.what.dead_letters.map(|queue| queue.origin());
        self.to.sort();
        self.to.dedup();
        self
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 60 || !self.id.chars().all(plain) {
            faults.push(format!("`{}` is no id of a replay: 1 to 60 of a-z, 0-9 and -", self.id));
        }
        self.what.faults(&mut faults);
        if serde_json::to_vec(self).map_or(0, |json| json.len()) > LONGEST {
            faults.push(format!("the order has more than {LONGEST} bytes: name fewer deliveries at a time"));
        }
        faults
    }

    /// The same replay: what is sent to whom. How fast it goes may change on the way.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.what, &self.to, self.apply) == (&other.what, &other.to, other.apply)
    }
}

impl Selection {
    /// Whether single deliveries are named, so that nothing is searched.
    pub fn is_named(&self) -> bool {
        !self.deliveries.is_empty() || self.dead_letters.is_some()
    }

    fn faults(&self, faults: &mut Vec<String>) {
        if *self == Self::default() {
            faults.push(
                "nothing says what to replay: name deliveries, a session, a time, a source, events, repositories, a \
                 condition or a dead-letter queue (everything there is: events [\"*\"])"
                    .into(),
            );
        }
        if !self.deliveries.is_empty() && self.dead_letters.is_some() {
            faults.push("deliveries and a dead-letter queue are both named: name one of them".into());
        }
        if self.deliveries.len() > MOST_IDS {
            let count = self.deliveries.len();
            faults
                .push(format!("{count} deliveries are named, {MOST_IDS} are the most: make several replays"));
        }
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            faults.push(format!("since ({since}) is not before until ({until})"));
        }
        faults.extend(self.events.iter().filter_map(|pattern| check_event_pattern(pattern).err()));
        faults.extend(self.repositories.iter().filter_map(|pattern| check_repository_pattern(pattern).err()));
        faults.extend(self.when.iter().filter_map(|when| Condition::parse(when).err()));
    }
}

/// A replay's id made of the time, so that ids sort by it: `20261121-120000-123`.
pub fn new_id(now: Timestamp) -> String {
    format!("{}-{:03}", now.strftime("%Y%m%d-%H%M%S"), now.subsec_millisecond().unsigned_abs())
}

/// The members of a JSON object, taken out one by one; what cannot be read is told and left out.
struct Fields {
    members: Map<String, Value>,
    faults: Vec<String>,
}

impl Fields {
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        serde_json::from_value(value)
            .map_err(|error| self.faults.push(format!("`{name}` cannot be read: {error}")))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00.123Z".parse().unwrap()
    }

    fn faults(text: &str) -> Vec<String> {
        Order::read(text.as_bytes(), now()).unwrap_err().0
    }

    #[test]
    fn an_order_is_the_same_after_json() {
        let text = r#"{"id":"a","since":"2026-11-20T00:00:00Z","events":["push"],"repositories":["Acme/*"],
            "to":["late","bot"],"apply":true}"#;
        let order = Order::read(text.as_bytes(), now()).unwrap();
        assert_eq!((order.rate, &order.what.repositories[..]), (RATE, &["acme/*".to_owned()][..]));
        assert_eq!(order.to, ["bot", "late"]);
        let again: Order = serde_json::from_slice(&serde_json::to_vec(&order).unwrap()).unwrap();
        assert_eq!(again, order);
    }

    #[test]
    fn without_an_id_it_is_named_by_the_time() {
        let order = Order::read(br#"{"events":["*"]}"#, now()).unwrap();
        assert_eq!((order.id.as_str(), order.apply), ("20261121-120000-123", false));
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let shape = faults(r#"{"since":"yesterday","rate":-1,"evnets":["push"]}"#);
        assert_eq!(shape.len(), 3, "{shape:?}");
        assert_eq!(shape[2], "`evnets` is unknown in an order");
        let sense = faults(
            r#"{"id":"A b","since":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z","events":["push["],
               "repositories":["acme"],"when":"date.ref","deliveries":["a"],"dead_letters":"bot"}"#,
        );
        assert_eq!(sense.len(), 6, "{sense:?}");
        assert_eq!(sense[0], "`A b` is no id of a replay: 1 to 60 of a-z, 0-9 and -");
        assert_eq!(sense[1], "deliveries and a dead-letter queue are both named: name one of them");
        assert!(sense[2].starts_with("since (2026-01-02T00:00:00Z) is not before until"));
    }

    #[test]
    fn an_order_for_nothing_in_particular_is_refused() {
        assert_eq!(
            faults(r#"{"apply":true}"#),
            [
                "nothing says what to replay: name deliveries, a session, a time, a source, events, repositories, a \
              condition or a dead-letter queue (everything there is: events [\"*\"])"
            ]
        );
    }

    #[test]
    fn a_dead_letter_queue_is_meant_by_either_name() {
        let queue = |name: &str| {
            let text = format!(r#"{{"dead_letters":"{name}"}}"#);
            Order::read(text.as_bytes(), now()).unwrap().what.dead_letters
        };
        assert_eq!(queue("bot.dead"), queue("bot"));
    }

    #[test]
    fn more_ids_than_a_record_holds_are_refused() {
        let ids: Vec<String> = (0..1_001).map(|n| format!("{n:0>60}")).collect();
        let text = serde_json::json!({"deliveries": ids}).to_string();
        assert_eq!(faults(&text).len(), 2);
    }
}
