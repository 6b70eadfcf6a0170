//! Cursors: how far back everything is settled. A record each, that is believed only if it lies in the past.

use jiff::{SignedDuration, Timestamp};
use pointsman_core::port::{Expect, PortError, Records};
use serde::{Deserialize, Serialize};

use crate::turn::Turn;

/// Two machines' clocks may differ by this much.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// How far back everything is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Up to here.
    pub upto: Timestamp,
    /// Up to here also what is filed under old hours (the archive's cursor alone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep: Option<Timestamp>,
}

impl Cursor {
    /// None: there is none yet, or none that can be believed, which is told.
    pub async fn read(turn: &mut Turn<'_>, key: &str) -> Result<Option<Self>, PortError> {
        let Some(record) = turn.ports.records.get(key).await? else { return Ok(None) };
        let Ok(cursor) = serde_json::from_slice::<Self>(&record.value) else {
            turn.note(format!("the record `{key}` cannot be read: everything is looked at anew"));
            return Ok(None);
        };
        if cursor.upto > turn.now + AHEAD {
            turn.note(format!(
                "the record `{key}` is from the future ({}), it is {} now: the clock was set back; everything is looked at \
                 anew",
                cursor.upto, turn.now
            ));
            return Ok(None);
        }
        Ok(Some(cursor))
    }

    pub async fn write(self, records: &dyn Records, key: &str) -> Result<(), PortError> {
        let value = serde_json::to_vec(&self).expect("times are always JSON");
        records.put_if(key, value.into(), Expect::Anything, None).await.map(drop)
    }
}
