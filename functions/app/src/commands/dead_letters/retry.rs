//! `dead-letters QUEUE retry`: to the queue that they came from, in order. Sent first, removed then: a crash in between
//! is no loss, and the dedup id makes it no second copy. What is held for a person has kept its place: it is released.

use anyhow::{Result, bail};
use pointsman_core::{
    event::{Cause, Envelope},
    port::{Message, Peeked, Selection, dead_letter},
    verify::fingerprint,
};
use serde::Serialize;

use super::{Grave, PAGE, Which, held::Held};
use crate::print::{self, Progress};

#[derive(Debug, Serialize)]
struct Retried {
    queue: String,
    /// Dead ones, sent again.
    retried: usize,
    /// Held ones, tried again where they are.
    released: u64,
}

pub async fn run(grave: &Grave<'_>, which: &Which, json: bool) -> Result<()> {
    let meant = grave.check(which).await?.dead;
    let released = grave.each_held(which, Held::Release).await?;
    let mut progress = Progress::new("sent again");
    let (mut after, mut retried) = (None, 0);
    loop {
        let page = grave.page(after.as_ref()).await?;
        after = page.last().map(|letter| letter.id.clone());
        let full = page.len() == PAGE;
        let chosen: Vec<Peeked> = page.into_iter().filter(|letter| which.takes(letter)).collect();
        let some = !chosen.is_empty();
        retried += chosen.len();
        chosen.iter().for_each(|_| progress.step());
        again(grave, chosen, retried).await?;
        // SQS shows of each session only so many: the next once these are gone.
        let more = some && (retried as u64) < meant;
        if !full && !more {
            break;
        }
    }
    let result = Retried { queue: grave.origin.to_string(), retried, released };
    print::result(json, &result, || told(&result))
}

fn told(Retried { queue, retried, released }: &Retried) -> String {
    let released = match released {
        0 => String::new(),
        count => format!("{count} released in `{queue}`: tried again where they are\n"),
    };
    match (retried, released.is_empty()) {
        (0, false) => released,
        _ => format!("{released}{retried} sent to `{queue}` again\n"),
    }
}

/// Sends a page of them and removes what was sent; the first failure ends it, so that no session overtakes itself.
async fn again(grave: &Grave<'_>, letters: Vec<Peeked>, so_far: usize) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = letters.iter().map(|letter| letter.id.clone()).collect();
    let results = grave.store.queue.send(&grave.origin, letters.into_iter().map(message).collect()).await;
    let (mut sent, mut failure) = (Vec::new(), None);
    for (id, result) in ids.into_iter().zip(results) {
        match result {
            Ok(_) => sent.push(id),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let failed = so_far - sent.len();
    if !sent.is_empty() {
        grave.store.admin.purge(&grave.dead, Selection::Only(sent)).await?;
    }
    match failure {
        Some(error) => bail!("not all could be sent to `{}` ({failed} of {so_far}): {error}", grave.origin),
        None => Ok(()),
    }
}

/// As it was, with the cause `retried`, and without what its death added. A dead letter's id is never used again, so
/// that one retry has one dedup id, and the next death another.
fn message(letter: Peeked) -> Message {
    let body = Envelope::read(&letter.body).map(|event| event.rewritten(Some(Cause::Retried), None).into());
    let mut attributes = letter.attributes;
    for own in [dead_letter::REASON, dead_letter::ERROR, dead_letter::ATTEMPTS, dead_letter::TIME] {
        attributes.remove(own);
    }
    Message {
        body: body.unwrap_or(letter.body).into(),
        session: letter.session,
        dedup_id: fingerprint(&[&format!("retry:{}:1", letter.id.0)]),
        attributes,
        correlation: letter.correlation,
        delay: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use pointsman_core::port::MessageId;

    use super::*;

    #[test]
    fn a_retried_message_is_the_dead_one_with_its_cause() {
        let attribute = |name: &str| (name.to_owned(), "x".to_owned());
        let letter = Peeked {
            id: MessageId("7".into()),
            body: br#"{"id":"a","cause":"redelivered","data":{"n": 1.50}}"#[..].into(),
            session: Some("acme/web/issue/1".into()),
            attributes: BTreeMap::from([
                attribute("type"),
                attribute(dead_letter::REASON),
                attribute(dead_letter::ERROR),
            ]),
            correlation: Some("a".into()),
            attempts: 0,
            enqueued: Timestamp::UNIX_EPOCH,
            held: false,
        };
        let other = message(Peeked { id: MessageId("8".into()), ..letter.clone() });
        let sent = message(letter);
        assert_eq!(sent.body.to_bytes(), r#"{"id":"a","cause":"retried","data":{"n": 1.50}}"#);
        assert_eq!(sent.attributes.keys().collect::<Vec<_>>(), ["type"]);
        assert_eq!(sent.session.unwrap().as_str(), "acme/web/issue/1");
        assert_ne!(sent.dedup_id, other.dedup_id);
    }
}
