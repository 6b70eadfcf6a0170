//! From the command line to an order, and from an order to the command line that says the same.

use anyhow::{Result, bail};
use jiff::Timestamp;
use pointsman_replay::{Order, RATE, Refused, Replay, Selection, new_id};

use super::Args;
use crate::{cli::Common, commands::events::since};

/// A time on the command line.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    at: Timestamp,
    /// It was said as a time ago: said again it is another one.
    is_ago: bool,
}

/// Reads it.
pub fn moment(text: &str) -> Result<Moment, String> {
    Ok(Moment { at: since(text)?, is_ago: text.parse::<Timestamp>().is_err() })
}

/// What is asked for. Of a replay that there is, its id says it all.
pub async fn order(args: &Args, stage: &Replay) -> Result<Order> {
    let at = |moment: Option<Moment>| moment.map(|moment| moment.at);
    let mut what = Selection {
        deliveries: args.delivery.clone(),
        dead_letters: args.dead_letters.clone(),
        session: args.session.clone(),
        since: at(args.since),
        until: at(args.until),
        source: args.source.clone(),
        events: args.event.clone(),
        repositories: args.repo.clone(),
        when: args.when.clone(),
    };
    let before = match &args.id {
        Some(id) => match stage.status(id).await {
            Ok(progress) => Some(progress.order),
            Err(Refused::Unknown(_)) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    if let Some(before) = before {
        if what == Selection::default() && args.to.is_empty() {
            return Ok(Order { rate: args.rate.unwrap_or(before.rate), apply: args.apply, ..before });
        }
        // `2h` ago was another time when it was said first.
        if args.since.is_some_and(|since| since.is_ago) {
            what.since = before.what.since;
        }
        if args.until.is_some_and(|until| until.is_ago) {
            what.until = before.what.until;
        }
    }
    if what == Selection::default() {
        bail!(
            "nothing says what to replay: name it by --delivery, --dead-letters, --session, --since, --until, --source, \
             --event, --repo or --when (everything there is: --event '*')"
        );
    }
    let id = args.id.clone().unwrap_or_else(|| new_id(Timestamp::now()));
    let rate = args.rate.unwrap_or(RATE);
    Ok(Order { id, what, to: args.to.clone(), rate, apply: args.apply }.checked()?)
}

/// The command that goes on with this replay.
pub fn go_on(order: &Order, common: &Common) -> String {
    format!("pointsman replay --apply --id {}{}", order.id, place(common))
}

/// The command that does what a dry run showed.
pub fn apply(order: &Order, common: &Common) -> String {
    let Order { what, to, rate, .. } = order;
    let mut words = String::from("pointsman replay --apply");
    let mut say = |option: &str, value: &str| words.push_str(&format!(" {option} {}", quoted(value)));
    what.deliveries.iter().for_each(|id| say("--delivery", id));
    what.dead_letters.iter().for_each(|queue| say("--dead-letters", queue.as_str()));
    what.session.iter().for_each(|session| say("--session", session));
    what.since.iter().for_each(|since| say("--since", &since.to_string()));
    what.until.iter().for_each(|until| say("--until", &until.to_string()));
    what.source.iter().for_each(|source| say("--source", source));
    what.events.iter().for_each(|event| say("--event", event));
    what.repositories.iter().for_each(|repository| say("--repo", repository));
    what.when.iter().for_each(|when| say("--when", when));
    to.iter().for_each(|name| say("--to", name));
    if *rate != RATE {
        say("--rate", &rate.to_string());
    }
    words + &place(common)
}

/// Where the configuration and the data are, if the command line said so.
fn place(common: &Common) -> String {
    let said = [("--config", &common.config), ("--data", &common.data)];
    said.into_iter()
        .filter_map(|(option, path)| Some(format!(" {option} {}", quoted(&path.as_ref()?.to_string_lossy()))))
        .collect()
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_says_what_the_order_says() {
        let text = r#"{"id":"a","since":"2026-11-20T00:00:00Z","events":["push","!status"],"repositories":["acme/*"],
            "when":"data.ref == 'x'","to":["bot"],"rate":0}"#;
        let order = Order::read(text.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        let common =
            Common { config: None, data: Some("my data".into()), json: false, log: None, log_format: None };
        assert_eq!(
            apply(&order, &common),
            "pointsman replay --apply --since 2026-11-20T00:00:00Z --event push --event '!status' --repo 'acme/*' \
             --when 'data.ref == '\\''x'\\''' --to bot --rate 0 --data 'my data'"
        );
        assert_eq!(go_on(&order, &common), "pointsman replay --apply --id a --data 'my data'");
    }
}
