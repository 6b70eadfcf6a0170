//! Which deliveries are here all the same: GitHub may have given up waiting for an answer to what was stored.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::tz::TimeZone;
use pointsman_core::{
    delivery::DeliveryId,
    ledger::Mark,
    port::{Archive, PortError, Records},
    stored::PAGE,
};

use crate::Ports;

/// Those of these ids that the archive or a mark has. The hour of an id's own time is listed once for all its ids.
pub(crate) async fn among(
    ports: &Ports,
    source: &str,
    hook: Option<u64>,
    guids: &[&str],
) -> Result<HashSet<String>, PortError> {
    let hook = hook.map(|id| id.to_string());
    let mut hours = BTreeMap::<String, HashMap<String, &str>>::new();
    for guid in guids {
        let id = DeliveryId((*guid).to_owned());
        if let Some(time) = id.time() {
            let hour = time.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d/%H").to_string();
            hours.entry(format!("deliveries/{source}/{hour}/")).or_default().insert(id.escaped(), guid);
        }
    }
    let mut here = HashSet::new();
    for (hour, ids) in hours {
        archived(&*ports.archive, &hour, hook.as_deref(), &ids, &mut here).await?;
    }
    let mut hooks = BTreeSet::from_iter(hook);
    if hooks.is_empty() && here.len() < guids.len() {
        hooks = known_hooks(&*ports.records, source).await?;
    }
    for guid in guids.iter().filter(|guid| !here.contains(**guid)).collect::<Vec<_>>() {
        let id = DeliveryId((*guid).to_owned()).escaped();
        for hook in &hooks {
            if ports.records.get(&format!("{}{source}/{hook}.{id}", Mark::FOLDER)).await?.is_some() {
                here.insert((*guid).to_owned());
            }
        }
    }
    Ok(here)
}

async fn archived(
    archive: &dyn Archive,
    hour: &str,
    hook: Option<&str>,
    ids: &HashMap<String, &str>,
    here: &mut HashSet<String>,
) -> Result<(), PortError> {
    let mut after = None::<String>;
    loop {
        let page = archive.list(hour, after.as_deref(), PAGE).await?;
        after = page.last().map(|row| row.key.clone());
        for row in &page {
            // `{hook}.{id}`, of a variant `{hook}.{id}.{hash}`.
            let mut parts = row.key[hour.len()..].split('.');
            let ours = hook.is_none_or(|hook| parts.clone().next() == Some(hook));
            if let Some(guid) = parts.nth(1).and_then(|id| ids.get(id)).filter(|_| ours) {
                here.insert((*guid).to_owned());
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// The webhooks that marks tell of: one look each.
async fn known_hooks(records: &dyn Records, source: &str) -> Result<BTreeSet<String>, PortError> {
    let prefix = format!("{}{source}/", Mark::FOLDER);
    let (mut hooks, mut after) = (BTreeSet::new(), None::<String>);
    while let Some(record) = records.list(&prefix, after.as_deref(), 1).await?.into_iter().next() {
        match record.key[prefix.len()..].split_once('.') {
            Some((hook, _)) => {
                // `/` comes right after `.`: beyond all of this hook's.
                after = Some(format!("{prefix}{hook}/"));
                hooks.insert(hook.to_owned());
            }
            None => after = Some(record.key),
        }
    }
    Ok(hooks)
}
