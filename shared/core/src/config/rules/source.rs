//! Rules of the sources: who sends, how it proves that, where its names lie.

use http::HeaderName;

use super::Findings;
use crate::config::{Fault, node::Cursor};

const SOURCE_HINT: &str = "such as `sources: { github: { secrets: [\"env:GITHUB_WEBHOOK_SECRET\"] } }`";
const SECRETS_HINT: &str = "such as `secrets: [\"env:GITHUB_WEBHOOK_SECRET\"]`";

pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    let sources: Vec<_> = root.get("sources").map(|sources| sources.entries().collect()).unwrap_or_default();
    if sources.is_empty()
        && root.is_mapping()
        && root.get("sources").is_none_or(|sources| sources.is_mapping())
    {
        let at = root.key_at("sources").unwrap_or(root.at());
        let fault = Fault::new("sources", at, "no source is configured: nobody could send a webhook");
        found.faults.push(fault.hint(SOURCE_HINT));
    }
    for (key, source) in sources {
        if !is_name(&key.text) {
            let message = format!("`{}` is no name of a source: 1 to 60 of a-z, 0-9 and -", key.text);
            found.faults.push(Fault::new(source.path(), key.at, message));
        }
        found.each(&source.list("events"), crate::route::check_event_pattern);
        found.each(&source.list("owns"), crate::route::check_repository_pattern);
        match source.get("verify") {
            Some(verify) => generic(&source, &verify, found),
            None => github(&source, found),
        }
    }
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=60).contains(&text.len()) && text.chars().all(plain)
}

fn github(source: &Cursor<'_>, found: &mut Findings) {
    let foreign =
        ["event", "delivery", "session"].into_iter().find_map(|key| source.key_at(key).map(|at| (key, at)));
    if let Some((key, at)) = foreign {
        let message = format!("`{key}` is for senders other than GitHub, which need `verify` too");
        let hint = "say how it signs: `verify: { kind: hmac, header: ..., secrets: [...] }`";
        found.faults.push(Fault::new(source.path(), at, message).hint(hint));
    } else if source.get("secrets").is_none_or(|secrets| secrets.is_empty_list()) {
        let fault = source.fault("no secret is configured: anyone could send");
        found.faults.push(fault.hint(SECRETS_HINT));
    }
    secrets(source, found);
}

fn generic(source: &Cursor<'_>, verify: &Cursor<'_>, found: &mut Findings) {
    if let Some(at) = source.key_at("app") {
        let path = format!("{}.app", source.path());
        found.faults.push(Fault::new(path, at, "an `app` is GitHub's: a source with `verify` has none"));
    }
    if let Some(at) = source.key_at("secrets") {
        let path = format!("{}.secrets", source.path());
        let fault = Fault::new(path, at, "a source with `verify` has its secrets there");
        found.faults.push(fault.hint("move `secrets` into `verify`"));
    }
    if source.get("event").is_none() {
        let fault = source.fault("`event` is missing: where the sender puts the event's name");
        found.faults.push(fault.hint("such as `event: { header: X-Event }` or `event: { pointer: /type }`"));
    }
    for key in ["event", "delivery"] {
        if let Some(field) = source.get(key) {
            exactly_one(&field, ["header", "pointer"], found);
            header(&field, found);
            pointer(&field, found);
        }
    }
    if let Some(session) = source.get("session") {
        pointer(&session, found);
    }
    verification(verify, found);
    repeatable(source, verify, found);
}

/// Whoever captures a request can send it again, unless its time is signed, or its id.
fn repeatable(source: &Cursor<'_>, verify: &Cursor<'_>, found: &mut Findings) {
    let Some((_, kind @ ("hmac" | "ed25519"))) = verify.text_of("kind") else { return };
    let usual = kind == "ed25519";
    let signed = verify.text_of("signed").map_or(usual, |(_, template)| template.contains("{timestamp}"));
    match (verify.get("timestamp"), source.get("delivery").and_then(|delivery| delivery.text_of("header"))) {
        (Some(timestamp), _) if !signed => {
            let warning =
                timestamp.fault("this time is not signed: whoever sends a request again writes another");
            found
                .warnings
                .push(warning.hint("add `signed`, as the sender signs: such as `{timestamp}.{body}`"));
        }
        (None, Some((header, _))) => {
            let warning = header.fault(
                "neither a time nor this id is signed: a captured request counts again under another id",
            );
            let hint = "add `timestamp` if the sender has one, name the id by a `pointer` into the payload, or leave \
                        `delivery` out: the id is then a hash of the body";
            found.warnings.push(warning.hint(hint));
        }
        _ => {}
    }
}

fn verification(verify: &Cursor<'_>, found: &mut Findings) {
    for key in ["secrets", "public_keys"] {
        if let Some(list) = verify.get(key)
            && list.is_empty_list()
        {
            found.faults.push(list.fault("this list is empty: anyone could send"));
        }
    }
    header(verify, found);
    secrets(verify, found);
    found.each(&verify.list("public_keys"), public_key);
    found.duration(verify.get("tolerance"), "1s", "24h");
    if let Some(timestamp) = verify.get("timestamp") {
        exactly_one(&timestamp, ["header", "element"], found);
        header(&timestamp, found);
        found.duration(timestamp.get("tolerance"), "1s", "24h");
    }
    if let Some((signed, template)) = verify.text_of("signed")
        && let Err(message) = check_signed(template, verify.get("timestamp").is_some())
    {
        found.faults.push(signed.fault(message));
    }
}

fn public_key(text: &str) -> Result<(), String> {
    match hex::decode(text) {
        Ok(key) if key.len() == 32 => Ok(()),
        _ => Err("this is no Ed25519 public key: 32 bytes, written as 64 hexadecimal digits".into()),
    }
}

/// `{body}` must be signed; a timestamp only where one is read.
fn check_signed(template: &str, timestamp: bool) -> Result<(), String> {
    let mut places = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let (place, after) = after.split_once('}').ok_or("a `{` is not closed")?;
        places.push(place);
        rest = after;
    }
    if let Some(unknown) = places.iter().find(|place| !["body", "timestamp"].contains(place)) {
        return Err(format!("`{{{unknown}}}` is unknown here: there are {{timestamp}} and {{body}}"));
    }
    if !places.contains(&"body") {
        return Err("`{body}` is missing: the body would not be signed".into());
    }
    if places.contains(&"timestamp") && !timestamp {
        return Err("`{timestamp}` needs `timestamp`: where it lies".into());
    }
    Ok(())
}

pub fn exactly_one(cursor: &Cursor<'_>, [one, other]: [&str; 2], found: &mut Findings) {
    if cursor.key_at(one).is_some() == cursor.key_at(other).is_some() && cursor.is_mapping() {
        found.faults.push(cursor.fault(format!("exactly one of `{one}` and `{other}` must be there")));
    }
}

pub(super) fn header(cursor: &Cursor<'_>, found: &mut Findings) {
    if let Some((header, text)) = cursor.text_of("header")
        && text.parse::<HeaderName>().is_err()
    {
        found.faults.push(header.fault(format!("`{text}` is no name of a header")));
    }
}

fn pointer(cursor: &Cursor<'_>, found: &mut Findings) {
    let Some((pointer, text)) = cursor.text_of("pointer") else { return };
    let escaped = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if !(text.is_empty() || text.starts_with('/')) || !escaped {
        let hint =
            format!("such as `/{}`: each step begins with `/`", text.replace('.', "/").replace('~', "~0"));
        found.faults.push(pointer.fault(format!("`{text}` is no JSON pointer (RFC 6901)")).hint(hint));
    }
}

fn secrets(cursor: &Cursor<'_>, found: &mut Findings) {
    for secret in cursor.list("secrets") {
        if let Some(text) = secret.text() {
            found.secret(&secret, text);
        }
    }
}
