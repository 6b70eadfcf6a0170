//! What some queue did not take: sent to the queues that the record names, then the record is deleted.

use std::collections::BTreeSet;

use pointsman_core::{
    again::{To, Why, again},
    ledger::{Committed, Mark, Unrouted},
    port::{ErrorKind, Expect, PortError, QueueName, Record},
    stored::{PAGE, Stored},
};

use crate::{
    clock,
    report::{Action, Item, Sweep},
    turn::Turn,
};

/// How often a record that others change meanwhile is written again.
const TRIES: usize = 5;

pub(crate) async fn sweep(turn: &mut Turn<'_>) -> Result<(), PortError> {
    let mut down = BTreeSet::new();
    let (mut after, mut done) = (None::<String>, 0);
    loop {
        let page = turn.ports.records.list(Unrouted::FOLDER, after.as_deref(), PAGE).await?;
        after = page.last().map(|record| record.key.clone());
        let full = page.len() == PAGE;
        for record in page {
            turn.keep().await?;
            done += 1;
            turn.step(Sweep::Unrouted, done, None);
            if !one(turn, &record, &mut down).await? {
                turn.report.left += 1;
            }
        }
        if !full {
            return Ok(());
        }
    }
}

/// One record; says whether it is settled. `down` = queues that failed in this run: they are not tried for each record.
async fn one(
    turn: &mut Turn<'_>,
    record: &Record,
    down: &mut BTreeSet<QueueName>,
) -> Result<bool, PortError> {
    let mut item = named(&record.key);
    let unrouted = match Unrouted::decode(&record.value) {
        Ok(unrouted) => unrouted,
        Err(error) => return Ok(failed(turn, item, format!("{}: {error}", record.key))),
    };
    let stored = match turn.ports.archive.get(&unrouted.archive).await {
        Ok(object) => Stored::new(&unrouted.archive, object),
        Err(error) if error.kind == ErrorKind::NotFound => return gone(turn, record, &unrouted, item).await,
        Err(error) => return Err(error),
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => return Ok(failed(turn, item, error.to_string())),
    };
    item.event.clone_from(&stored.delivery.event);
    let mark_key = Unrouted::mark_key(&record.key);
    let has = marked(turn, &mark_key).await?;
    let wanted: BTreeSet<QueueName> =
        unrouted.queues.keys().filter(|queue| !has.contains(*queue)).cloned().collect();
    item.queues = wanted.iter().map(QueueName::to_string).collect();
    if !turn.ask.apply {
        turn.report.add(Item { action: Action::Rerouted, ..item });
        return Ok(false);
    }
    let tried: BTreeSet<QueueName> = wanted.difference(down).cloned().collect();
    let (sent, why) = reach(turn, &stored, &mark_key, &tried).await?;
    let mut reached = has;
    reached.extend(sent);
    reached.extend(marked(turn, &mark_key).await?);
    down.extend(tried.into_iter().filter(|queue| !reached.contains(queue)));
    match settle(turn, &record.key, unrouted, &reached).await? {
        None => {
            turn.report.add(Item { action: Action::Rerouted, ..item });
            Ok(true)
        }
        Some(left) => {
            let reasons = left.queues.iter().map(|(queue, why)| format!("`{queue}`: {why}"));
            let why = why.unwrap_or_else(|| reasons.collect::<Vec<_>>().join("; "));
            item.queues = left.queues.keys().map(QueueName::to_string).collect();
            Ok(failed(turn, item, why))
        }
    }
}

/// Sends it to these queues; says which took it, and what one of the others said. An error: it is not a queue's.
async fn reach(
    turn: &Turn<'_>,
    stored: &Stored,
    mark_key: &str,
    to: &BTreeSet<QueueName>,
) -> Result<(Vec<QueueName>, Option<String>), PortError> {
    match send(turn, stored, mark_key, to).await {
        Ok(sent) => return Ok((sent, None)),
        Err(error) if !is_of_a_queue(&error) => return Err(error),
        Err(error) if to.len() == 1 => return Ok((Vec::new(), Some(error.to_string()))),
        Err(_) => {}
    }
    // A store that writes all or nothing: one by one, the queue that it does not know alone is left.
    let (mut reached, mut why) = (Vec::new(), None);
    for queue in to {
        match send(turn, stored, mark_key, &BTreeSet::from([queue.clone()])).await {
            Ok(sent) => reached.extend(sent),
            Err(error) if is_of_a_queue(&error) => why = Some(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok((reached, why))
}

/// Sends it to these queues; says which took it.
async fn send(
    turn: &Turn<'_>,
    stored: &Stored,
    mark_key: &str,
    to: &BTreeSet<QueueName>,
) -> Result<Vec<QueueName>, PortError> {
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let terms = (Why::Rerouted, To::Queues(to));
    let inline = turn.ports.pipeline.inline;
    let made =
        stored.with_facts(turn.rules, |facts, event| again(facts, event, turn.rules, terms, inline))?;
    let mut entry = made.entry(&stored.delivery, turn.rules, clock(turn.ports).now());
    entry.archive_key.clone_from(&stored.key);
    mark_key.clone_into(&mut entry.mark_key);
    match turn.ports.pipeline.ledger.commit(entry).await? {
        Committed::Stored { sent, .. } => Ok(sent),
        Committed::OtherBytes { key } => {
            Err(PortError::invalid(format!("the archive has other bytes at `{key}` now")))
        }
    }
}

async fn marked(turn: &Turn<'_>, mark_key: &str) -> Result<BTreeSet<QueueName>, PortError> {
    let record = turn.ports.records.get(mark_key).await?;
    let mark = record.map(|record| Mark::decode(&record.value)).transpose()?;
    Ok(mark.map(|mark| mark.sent.into_keys().collect()).unwrap_or_default())
}

/// Deletes the record, or leaves in it the queues that nothing reached yet; gives what is left. The ledger may have
/// written it meanwhile, and so may intake: what either names counts too.
async fn settle(
    turn: &Turn<'_>,
    key: &str,
    first: Unrouted,
    reached: &BTreeSet<QueueName>,
) -> Result<Option<Unrouted>, PortError> {
    let records = &turn.ports.records;
    for _ in 0..TRIES {
        let now = records.get(key).await?;
        let mut left = first.clone();
        if let Some(other) = now.as_ref().and_then(|record| Unrouted::decode(&record.value).ok()) {
            left.queues.extend(other.queues);
        }
        left.queues.retain(|queue, _| !reached.contains(queue));
        let expect = now.map_or(Expect::Absent, |record| Expect::Version(record.version));
        let (none, value) = (left.queues.is_empty(), left.encode());
        let done = match (none, &expect) {
            (true, Expect::Absent) => Ok(()),
            (true, _) => records.delete(key, expect).await,
            (false, _) => records.put_if(key, value, expect, None).await.map(drop),
        };
        match done {
            Ok(()) => return Ok((!none).then_some(left)),
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    Err(PortError::unavailable(format!("the record `{key}` is contended")))
}

/// Nothing can ever be sent: the record goes, loudly.
async fn gone(
    turn: &mut Turn<'_>,
    record: &Record,
    unrouted: &Unrouted,
    item: Item,
) -> Result<bool, PortError> {
    let queues: Vec<String> = unrouted.queues.keys().map(QueueName::to_string).collect();
    let why = format!(
        "`{}` is not in the archive any more; it did not reach {}",
        unrouted.archive,
        queues.join(", ")
    );
    if turn.ask.apply {
        let deleted = turn.ports.records.delete(&record.key, Expect::Version(record.version.clone())).await;
        // It was written anew just now: the next run sees.
        if let Err(error) = deleted
            && error.kind != ErrorKind::Conflict
        {
            return Err(error);
        }
    }
    turn.report.add(Item { action: Action::Lost, queues, why: Some(why), ..item });
    Ok(turn.ask.apply)
}

fn failed(turn: &mut Turn<'_>, item: Item, why: String) -> bool {
    turn.report.add(Item { action: Action::Failing, why: Some(why), ..item });
    false
}

/// Another try of the same helps as little now; other deliveries and queues may fare better.
fn is_of_a_queue(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::Internal)
}

/// `unrouted/{source}/{hook}.{id}`.
fn named(key: &str) -> Item {
    let mut parts = key.split('/');
    let (source, name) = (parts.nth(1).unwrap_or_default(), parts.next().unwrap_or_default());
    let id = name.split_once('.').map_or(name, |(_, id)| id);
    Item {
        sweep: Sweep::Unrouted,
        action: Action::Failing,
        source: source.to_owned(),
        delivery: id.to_owned(),
        event: String::new(),
        queues: Vec::new(),
        why: None,
    }
}
