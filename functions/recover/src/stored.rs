//! What was stored more than five minutes ago, and nothing tells that it was sent: sent now, to whoever wants it today.
//!
//! Looked at is what was stored since the last run, in the hours since then; once a day also in old hours, where
//! deliveries lie that came late. Never so far back that a mark may have expired.

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::{
    again::{Again, To, Why, again},
    ledger::{Committed, Mark, Unrouted},
    port::{ErrorKind, Listed, PortError},
    stored::{Hours, PAGE, Stored, folders},
};

use crate::{
    clock,
    cursor::Cursor,
    report::{Action, Item, Reached, Sweep},
    turn::Turn,
};

/// What is younger may be on its way.
const SETTLED: SignedDuration = SignedDuration::from_mins(5);
/// An id's own time is believed within these (see `Delivery::filed`), so that is how old an hour may be.
const BACK: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Most of what comes in lies in this hour or the one before.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// So many marks are asked for at the same time.
const AT_ONCE: usize = 32;

/// What of one source is looked at.
struct Range {
    /// Stored after this, ...
    after: Timestamp,
    /// ... and no later than this,
    upto: Timestamp,
    /// in the hours since this.
    hours: Timestamp,
    deep: bool,
}

pub(crate) async fn sweep(turn: &mut Turn<'_>) -> Result<(), PortError> {
    for source in folders(&*turn.ports.archive, "deliveries/").await? {
        one_source(turn, &source).await?;
    }
    Ok(())
}

async fn one_source(turn: &mut Turn<'_>, source: &str) -> Result<(), PortError> {
    let key = format!("recover/archive/{source}");
    let cursor = Cursor::read(turn, &key).await?;
    let range = range(turn, cursor);
    let (mut failing, mut seen) = (None::<Timestamp>, 0);
    let archive = turn.ports.archive.clone();
    let mut hours = Hours::new(&*archive, source, Some(range.hours));
    while let Some(hour) = hours.next().await? {
        let mut after = None::<String>;
        loop {
            turn.keep().await?;
            let mut page = archive.list(&hour, after.as_deref(), PAGE).await?;
            after = page.last().map(|row| row.key.clone());
            let full = page.len() == PAGE;
            seen += page.len() as u64;
            turn.step(Sweep::Stored, seen, None);
            page.retain(|row| row.stored > range.after && row.stored <= range.upto);
            for rows in page.chunks(AT_ONCE) {
                for row in unmarked(turn, rows).await? {
                    turn.keep().await?;
                    if !one(turn, source, row).await? {
                        failing = Some(failing.map_or(row.stored, |at| at.min(row.stored)));
                    }
                }
            }
            if !full {
                break;
            }
        }
    }
    let upto = failing.map_or(range.upto, |at| at - SignedDuration::from_millis(1));
    let covers = turn.ask.since.is_none_or(|_| cursor.is_some_and(|cursor| range.after <= cursor.upto));
    if turn.ask.apply && covers {
        let deep = if range.deep { Some(upto) } else { cursor.and_then(|cursor| cursor.deep) };
        Cursor { upto, deep }.write(&*turn.ports.records, &key).await?;
        turn.report.cursors.push(Reached { source: source.to_owned(), of: "archive".into(), upto });
    }
    Ok(())
}

fn range(turn: &Turn<'_>, cursor: Option<Cursor>) -> Range {
    let now = turn.now;
    let deep_at = cursor.and_then(|cursor| cursor.deep);
    let deep = turn.ask.since.is_some() || deep_at.is_none_or(|at| now.duration_since(at) >= DAY);
    let usual = if deep { deep_at } else { cursor.map(|cursor| cursor.upto) };
    let after = turn.ask.since.or(usual).unwrap_or(now - BACK);
    // A mark that expired is no missing mark.
    let after = after.max(now - turn.rules.marks_kept + DAY);
    Range { after, upto: now - SETTLED, hours: after - if deep { BACK } else { HOUR }, deep }
}

/// Those of which nothing tells that they were sent, or are to be.
async fn unmarked<'r>(turn: &Turn<'_>, rows: &'r [Listed]) -> Result<Vec<&'r Listed>, PortError> {
    let records = &turn.ports.records;
    let look = |row: &'r Listed| async move {
        let mark_key = mark_key(&row.key);
        let known = match records.get(&mark_key).await? {
            Some(_) => true,
            None => records.get(&Unrouted::key(&mark_key)).await?.is_some(),
        };
        Ok::<_, PortError>((row, known))
    };
    let looked = try_join_all(rows.iter().map(look)).await?;
    Ok(looked.into_iter().filter(|(_, known)| !known).map(|(row, _)| row).collect())
}

/// `routed/{source}/{name}` of `deliveries/{source}/yyyy/mm/dd/hh/{name}`.
fn mark_key(key: &str) -> String {
    let mut parts = key.split('/');
    let (source, name) = (parts.nth(1).unwrap_or_default(), parts.next_back().unwrap_or_default());
    format!("{}{source}/{name}", Mark::FOLDER)
}

/// Whether a ledger has kept what it could not send.
async fn kept(turn: &Turn<'_>, key: &str) -> Result<bool, PortError> {
    Ok(turn.ports.records.get(&Unrouted::key(&mark_key(key))).await?.is_some())
}

/// Sends one; says whether it is settled.
async fn one(turn: &mut Turn<'_>, source: &str, row: &Listed) -> Result<bool, PortError> {
    let mut item = Item {
        sweep: Sweep::Stored,
        action: Action::Sent,
        source: source.to_owned(),
        delivery: row.key.clone(),
        event: String::new(),
        queues: Vec::new(),
        why: None,
    };
    let object = match turn.ports.archive.get(&row.key).await {
        Ok(object) => object,
        // Erased since it was listed.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let (rules, inline) = (turn.rules, turn.ports.pipeline.inline);
    let made = Stored::new(&row.key, object).and_then(|stored| {
        let made = stored.with_facts(rules, |facts, event| {
            let full = facts.full_event().to_owned();
            (full, again(facts, event, rules, (Why::Recovered, To::Matching), inline))
        })?;
        Ok((stored, made))
    });
    let (stored, (event, made)) = match made {
        Ok(made) => made,
        // It says nothing that could be sent, now or later: the cursor does not wait for it.
        Err(error) => {
            turn.report.add(Item { action: Action::Lost, why: Some(error.to_string()), ..item });
            return Ok(true);
        }
    };
    item.event = event;
    item.delivery = stored.delivery.event_id();
    item.queues = made.messages.iter().map(|(queue, _)| queue.to_string()).collect();
    let told = if turn.ask.apply { commit(turn, &stored, made).await? } else { Told::Settled(None) };
    let (settled, why) = match told {
        Told::Settled(why) => (true, why),
        Told::Open(why) => (false, Some(why)),
    };
    let action = if why.is_none() { Action::Sent } else { Action::Failing };
    turn.report.add(Item { action, why, ..item });
    Ok(settled)
}

/// What came of one.
enum Told {
    /// It was sent, or a reason why the other sweep will see to it.
    Settled(Option<String>),
    /// It is to be tried again.
    Open(String),
}

/// An error: others would fare no better.
async fn commit(turn: &Turn<'_>, stored: &Stored, made: Again) -> Result<Told, PortError> {
    let mut entry = made.entry(&stored.delivery, turn.rules, clock(turn.ports).now());
    entry.archive_key.clone_from(&stored.key);
    let wanted = entry.messages.len();
    Ok(match turn.ports.pipeline.ledger.commit(entry).await {
        Ok(Committed::Stored { sent, .. }) if sent.len() < wanted && kept(turn, &stored.key).await? => {
            Told::Settled(Some("a queue did not take it: it is left to the sweep of the unrouted".into()))
        }
        Ok(Committed::Stored { .. }) => {
            let id = &stored.delivery.id;
            tracing::info!(delivery.id = %id, queues = wanted, "delivery {id} was stored and not sent: sent now");
            Told::Settled(None)
        }
        Ok(Committed::OtherBytes { key }) => {
            Told::Open(format!("the archive has other bytes at `{key}` now"))
        }
        Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
        Err(error) => Told::Open(error.to_string()),
    })
}
