//! A delivery by its id: where it lies, and where it went.

use std::collections::BTreeMap;

use super::{PAGE, folders};
use crate::{
    delivery::DeliveryId,
    ledger::Mark,
    port::{Archive, ErrorKind, PortError, Records},
};

/// Archive keys and marks of everything under this id, an event's id or an archive key. Where there is no mark any more
/// the archive is searched: `looked` is called for each key.
pub async fn find(
    archive: &dyn Archive,
    records: &dyn Records,
    delivery: &str,
    looked: &mut (dyn FnMut() + Send),
) -> Result<Vec<(String, Option<Mark>)>, PortError> {
    if delivery.starts_with("deliveries/") {
        return match archive.get(delivery).await {
            Ok(_) => Ok(vec![(delivery.to_owned(), mark_of(records, delivery).await?)]),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        };
    }
    let mut found = BTreeMap::new();
    for id in names(delivery) {
        for (key, mark) in marked(records, &id).await? {
            found.insert(key, Some(mark));
        }
        if found.is_empty() {
            let keys = archived(archive, delivery, &id, looked).await?;
            found.extend(keys.into_iter().map(|key| (key, None)));
        }
    }
    Ok(found.into_iter().collect())
}

/// How it is written in keys; an event's id may carry the hash of a variant (`.{sha8}`).
fn names(delivery: &str) -> Vec<String> {
    let whole = DeliveryId(delivery.to_owned()).escaped();
    let variant = delivery.rsplit_once('.').filter(|(_, hash)| hash.len() == 8);
    let variant = variant.map(|(id, hash)| format!("{}.{hash}", DeliveryId(id.to_owned()).escaped()));
    [whole].into_iter().chain(variant).collect()
}

/// Marks are named `routed/{source}/{hook}.{id}`: one look a hook, however many deliveries there are.
async fn marked(records: &dyn Records, id: &str) -> Result<Vec<(String, Mark)>, PortError> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    while let Some(record) = records.list("routed/", after.as_deref(), 1).await?.into_iter().next() {
        let Some((hook, _)) = hook(&record.key) else {
            after = Some(record.key);
            continue;
        };
        for record in records.list(&format!("{hook}.{id}"), None, PAGE).await? {
            let rest = &record.key[hook.len() + 1 + id.len()..];
            if rest.is_empty() || rest.starts_with('.') {
                let mark = Mark::decode(&record.value)?;
                found.push((mark.archive.clone(), mark));
            }
        }
        // `/` comes right after `.`: beyond all of this hook's.
        after = Some(format!("{hook}/"));
    }
    Ok(found)
}

/// `routed/{source}/{hook}` and the rest of a mark's key.
fn hook(key: &str) -> Option<(&str, &str)> {
    let name = key.rfind('/')?;
    let dot = name + key[name..].find('.')?;
    Some((&key[..dot], &key[dot + 1..]))
}

async fn mark_of(records: &dyn Records, key: &str) -> Result<Option<Mark>, PortError> {
    let mut parts = key.split('/');
    let (source, name) = (parts.nth(1).unwrap_or_default(), parts.next_back().unwrap_or_default());
    let record = records.get(&format!("routed/{source}/{name}")).await?;
    record.map(|record| Mark::decode(&record.value)).transpose()
}

/// Without a mark (they are kept for 30 days): in the hour that the id tells, else anywhere.
async fn archived(
    archive: &dyn Archive,
    delivery: &str,
    id: &str,
    looked: &mut (dyn FnMut() + Send),
) -> Result<Vec<String>, PortError> {
    let mut found = Vec::new();
    let hour = DeliveryId(delivery.to_owned()).time().map(|at| at.strftime("%Y/%m/%d/%H/").to_string());
    for source in folders(archive, "deliveries/").await? {
        if let Some(hour) = &hour {
            search(archive, &format!("deliveries/{source}/{hour}"), id, &mut found, looked).await?;
        }
    }
    if found.is_empty() {
        search(archive, "deliveries/", id, &mut found, looked).await?;
    }
    Ok(found)
}

async fn search(
    archive: &dyn Archive,
    prefix: &str,
    id: &str,
    found: &mut Vec<String>,
    looked: &mut (dyn FnMut() + Send),
) -> Result<(), PortError> {
    let mut after = None;
    loop {
        let page = archive.list(prefix, after.as_deref(), PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map(|row| row.key.clone());
        for row in page {
            looked();
            let named = hook(&row.key).and_then(|(_, name)| name.strip_prefix(id));
            if named.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                found.push(row.key);
            }
        }
        if !full {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marks_key_is_split_at_its_hook() {
        assert_eq!(hook("routed/github/42.a-b.0123abcd"), Some(("routed/github/42", "a-b.0123abcd")));
        assert_eq!(
            hook("deliveries/github/2025/01/01/00/-.a"),
            Some(("deliveries/github/2025/01/01/00/-", "a"))
        );
        assert_eq!(hook("routed/odd"), None);
    }

    #[test]
    fn a_variant_is_found_by_the_id_that_consumers_see() {
        assert_eq!(names("a-b"), ["a-b"]);
        assert_eq!(names("a-b.0123abcd"), ["a-b%2E0123abcd", "a-b.0123abcd"]);
    }
}
