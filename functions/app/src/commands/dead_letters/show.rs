//! `dead-letters QUEUE show ID`: one dead letter or held message, whole.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{Grave, list::Row};
use crate::print::{self, BOLD};

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    event: Value,
}

pub async fn run(grave: &Grave<'_>, id: String, json: bool) -> Result<()> {
    let mut found = grave.held().await?.into_iter().find(|message| message.id.0 == id);
    if found.is_none() {
        grave
            .each(|letter| {
                found = (letter.id.0 == id).then_some(letter);
                found.is_none()
            })
            .await?;
    }
    let origin = &grave.origin;
    let letter = found.with_context(|| {
        format!("no dead letter {id} in `{origin}`; `pointsman dead-letters {origin}` lists what there is")
    })?;
    let shown = Shown { row: Row::new(&letter), event: event(&letter.body) };
    print::result(json, &shown, || {
        let text = letter
            .attributes
            .iter()
            .map(|(name, value)| format!("{BOLD}{name}{BOLD:#}: {}\n", print::clean(value)));
        let event = serde_json::to_string_pretty(&shown.event).unwrap_or_default();
        format!("{}\n{event}\n", text.collect::<String>())
    })
}

/// As JSON; of what is none, the text.
fn event(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
