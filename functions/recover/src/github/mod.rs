//! What GitHub failed to hand over: its list of deliveries is read back to the cursor, and what lacks a 2xx and is wanted
//! is asked for again. GitHub sends it, signed, through the front door; where that cannot work it is fetched.

mod fetch;
mod group;
mod here;
mod names;
mod wanted;

use std::collections::HashMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pointsman_core::port::{ErrorKind, Expect, PortError};
use pointsman_github::{Deliveries, HookPlace};
use serde::{Deserialize, Serialize};

use crate::{
    Hook,
    cursor::Cursor,
    report::{Action, Item, Reached, Sweep},
    turn::Turn,
};
use group::{Group, Step};
use names::Names;

/// For about so long GitHub keeps deliveries.
const KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);
/// The list may gain rows behind its newest.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// What was asked for is given this long to come.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What was done about a delivery before, as a record: it counts as long as GitHub shows no newer try.
#[derive(Serialize, Deserialize)]
struct Asked {
    newest: u64,
    /// Nothing more can be done about it.
    over: bool,
}

/// One webhook's deliveries, while they are looked at.
struct Round<'a> {
    hook: &'a Hook,
    deliveries: Deliveries,
    /// The oldest delivery that is not settled.
    open: Option<Timestamp>,
}

pub(crate) async fn sweep(turn: &mut Turn<'_>, hook: &Hook) -> Result<(), PortError> {
    if !turn.rules.sources.contains_key(&hook.source) {
        return Ok(());
    }
    let key = format!("recover/github/{}/{}", hook.source, hook.place).to_lowercase();
    let cursor = Cursor::read(turn, &key).await?;
    let usual = since(turn, hook, cursor);
    let since = turn.ask.since.unwrap_or(usual);
    let mut round = Round { hook, deliveries: hook.github.deliveries(hook.place.clone()), open: None };
    let reached = |upto| Reached { source: hook.source.clone(), of: hook.place.to_string(), upto };
    let failed = match round.failed(turn, since).await {
        Ok(failed) => failed,
        Err(error) => {
            // It stands where it stood: its age is told all the same.
            turn.report.cursors.extend(cursor.map(|cursor| reached(cursor.upto)));
            return Err(error);
        }
    };
    let done = round.settle(turn, failed).await;
    if turn.ask.apply && since <= usual {
        let upto = round.open.unwrap_or(turn.now).min(turn.now);
        Cursor { upto, deep: None }.write(&*turn.ports.records, &key).await?;
        turn.report.cursors.push(reached(upto));
    }
    done
}

/// How far back the list is read.
fn since(turn: &mut Turn<'_>, hook: &Hook, cursor: Option<Cursor>) -> Timestamp {
    let oldest = turn.now - KEPT;
    let Some(cursor) = cursor else { return oldest };
    if cursor.upto < oldest {
        turn.note(format!(
            "deliveries of `{}` ({}) are settled up to {}, and GitHub keeps them for about 3 days: what it failed to hand \
             over between then and {oldest} is gone",
            hook.source, hook.place, cursor.upto
        ));
    }
    (cursor.upto - OVERLAP).max(oldest)
}

impl Round<'_> {
    /// What no try of handed over (or whatever there is, where the missing are asked for), oldest first.
    async fn failed(&self, turn: &mut Turn<'_>, since: Timestamp) -> Result<Vec<(String, Group)>, PortError> {
        let mut groups = HashMap::<String, Group>::new();
        let (mut next, mut read) = (None::<String>, 0);
        loop {
            turn.keep().await?;
            turn.step(Sweep::Github, read, None);
            let page = self.deliveries.page(next.as_deref()).await?;
            read += page.deliveries.len() as u64;
            let at = |row: &pointsman_github::HookDelivery| row.delivered_at.unwrap_or(turn.now);
            let older = page.deliveries.last().is_some_and(|row| at(row) < since);
            for row in page.deliveries.into_iter().filter(|row| at(row) >= since) {
                let now = turn.now;
                groups
                    .entry(row.guid.clone())
                    .and_modify(|group| group.add(&row, now))
                    .or_insert_with(|| Group::new(row, now));
            }
            next = page.next;
            if older || next.is_none() {
                break;
            }
        }
        let missing = turn.ask.missing;
        let mut failed: Vec<_> = groups.into_iter().filter(|(_, group)| missing || !group.done).collect();
        failed.sort_by(|(a, one), (b, other)| (one.first, a).cmp(&(other.first, b)));
        Ok(failed)
    }

    /// Sees to each that is wanted and not here. An error: the rest is for the next run.
    async fn settle(&mut self, turn: &mut Turn<'_>, failed: Vec<(String, Group)>) -> Result<(), PortError> {
        let first = failed.first().map(|(_, group)| group.first);
        let wanted = self.wanted(turn, failed).await.inspect_err(|_| self.open = first)?;
        let guids: Vec<&str> = wanted.iter().map(|(guid, _)| guid.as_str()).collect();
        let here = here::among(turn.ports, &self.hook.source, self.hook.place.hook(), &guids).await;
        let here = here.inspect_err(|_| self.open = first)?;
        let total = wanted.len() as u64;
        for (done, (guid, group)) in (0..).zip(wanted) {
            turn.step(Sweep::Github, done, Some(total));
            if here.contains(&guid) {
                turn.report.of(Sweep::Github).skipped += 1;
                continue;
            }
            let settled = self.one(turn, &guid, &group).await;
            if !matches!(settled, Ok(true)) {
                self.open = Some(self.open.map_or(group.first, |at| at.min(group.first)));
            }
            settled?;
        }
        Ok(())
    }

    async fn wanted(
        &self,
        turn: &mut Turn<'_>,
        failed: Vec<(String, Group)>,
    ) -> Result<Vec<(String, Group)>, PortError> {
        let mut names = Names::new(self.hook);
        let mut wanted = Vec::new();
        for (guid, group) in failed {
            turn.keep().await?;
            if wanted::is(turn, &mut names, &group).await? {
                wanted.push((guid, group));
            } else {
                turn.report.of(Sweep::Github).skipped += 1;
            }
        }
        Ok(wanted)
    }

    /// Sees to one; says whether it is settled. An error: the webhook's others are left for the next run.
    async fn one(&self, turn: &mut Turn<'_>, guid: &str, group: &Group) -> Result<bool, PortError> {
        turn.keep().await?;
        let key = format!("recover/asked/{}/{}/{guid}", self.hook.source, self.hook.place).to_lowercase();
        let asked = turn.ports.records.get(&key).await?;
        let asked: Option<Asked> = asked.and_then(|record| serde_json::from_slice(&record.value).ok());
        let asked = asked.filter(|asked| asked.newest == group.newest);
        if asked.as_ref().is_some_and(|asked| asked.over) {
            turn.report.of(Sweep::Github).skipped += 1;
            return Ok(true);
        }
        let step = if asked.is_some() { Step::Wait } else { group.step() };
        let mut told = Told { action: Action::Waiting, why: None, over: false };
        match step {
            Step::Wait => {}
            _ if !turn.ask.apply => told.action = step.action(),
            Step::Redeliver => self.redeliver(turn, group, &mut told).await?,
            Step::Fetch => fetch::one(turn, self.hook, &self.deliveries, group, &mut told).await?,
        }
        if turn.ask.apply && (told.over || told.action == Action::Redelivered) {
            let kept = if told.over { KEPT + KEPT } else { PATIENCE };
            let asked = Asked { newest: group.newest, over: told.over };
            let value = Bytes::from(serde_json::to_vec(&asked).expect("numbers are always JSON"));
            turn.ports.records.put_if(&key, value, Expect::Anything, Some(turn.now + kept)).await?;
        }
        let settled = matches!(told.action, Action::Fetched | Action::Lost);
        turn.report.add(Item {
            sweep: Sweep::Github,
            action: told.action,
            source: self.hook.source.clone(),
            delivery: guid.to_owned(),
            event: group.full_event(),
            queues: Vec::new(),
            why: told.why,
        });
        Ok(settled)
    }

    async fn redeliver(&self, turn: &mut Turn<'_>, group: &Group, told: &mut Told) -> Result<(), PortError> {
        match self.deliveries.redeliver(group.newest).await {
            Ok(()) => told.action = Action::Redelivered,
            Err(error) if error.kind == ErrorKind::NotFound => told.lost("GitHub has it no more"),
            // It does not send this one: perhaps it still shows it.
            Err(error) if error.kind == ErrorKind::Invalid => {
                tracing::warn!(%error, "GitHub does not send a delivery again");
                fetch::one(turn, self.hook, &self.deliveries, group, told).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What came of one.
struct Told {
    action: Action,
    why: Option<String>,
    /// Nothing more can be done about it.
    over: bool,
}

impl Told {
    fn lost(&mut self, why: impl Into<String>) {
        *self = Self { action: Action::Lost, why: Some(why.into()), over: true };
    }
}

/// In whose list of repositories a delivery's is looked up.
fn scope(place: &HookPlace, group: &Group) -> Option<String> {
    match place {
        HookPlace::App => group.installation.map(|id| id.to_string()),
        HookPlace::Organisation { login, .. } => Some(login.to_lowercase()),
        HookPlace::Repository { .. } => None,
    }
}
