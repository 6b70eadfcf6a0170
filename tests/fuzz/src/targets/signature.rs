//! Signatures: what was signed is taken, what was changed is not, and nothing that a stranger writes into a header opens.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use pointsman_core::{delivery::Headers, verify::Verifier};
use sha2::Sha256;

use super::first_line;
use crate::world::{NOW, SECRET, now, rules};

/// Headers, an empty line, the body. The first line names the source.
pub fn target(data: &[u8]) {
    let (name, rest) = first_line(data);
    let at = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(rest.len());
    let (head, body) = (&rest[..at], rest.get(at + 2..).unwrap_or_default());
    let head = String::from_utf8_lossy(head);
    let given: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(": ")).collect();
    let names: Vec<&str> = rules().sources.keys().map(String::as_str).collect();
    let name = if names.contains(&name) { name } else { names[name.len() % names.len()] };
    let verifier = &rules().sources[name].verifier;
    strangers(name, verifier, &given, body);
    signed(name, verifier, &given, body);
    let kept = given.iter().copied().collect::<Headers>().without(&verifier.credentials());
    let credentials =
        ["authorization", "cookie", "x-hub-signature-256"].into_iter().chain(verifier.credentials());
    credentials.for_each(|name| assert_eq!(kept.get(name), None, "{name} is kept"));
}

/// What a stranger writes is right only if it is what the secret makes of it.
fn strangers(name: &str, verifier: &Verifier, given: &[(&str, &str)], body: &[u8]) {
    let headers: Headers = given.iter().copied().collect();
    if verifier.check(&headers, body, now()).is_ok() {
        let made = right(name, body)
            .into_iter()
            .filter(|(name, _)| name.contains("ignature") || name.contains("oken"));
        for (header, value) in made {
            let shown = headers.get(&header.to_ascii_lowercase()).unwrap_or_default().to_ascii_lowercase();
            let proof = value.trim_start_matches("sha256=").to_ascii_lowercase();
            let proof = proof.rsplit(['=', ',']).find(|part| !part.is_empty()).unwrap_or_default().to_owned();
            assert!(shown.contains(&proof), "{name} took {shown:?} of a stranger");
        }
    }
}

/// What was signed is taken whatever else is said; one changed bit of it is not.
fn signed(name: &str, verifier: &Verifier, given: &[(&str, &str)], body: &[u8]) {
    let made = right(name, body);
    if made.is_empty() {
        return;
    }
    let said = |name: &str| made.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let others =
        given.iter().filter(|(name, _)| !said(name)).map(|(name, value)| (*name, (*value).to_owned()));
    let headers: Headers = made.iter().cloned().chain(others).collect();
    let told = verifier.check(&headers, body, now());
    assert!(told.is_ok(), "{name} refused what was signed: {told:?}");
    if name == "token" {
        return;
    }
    let mut changed = body.to_vec();
    changed.push(b' ');
    assert!(verifier.check(&headers, &changed, now()).is_err(), "{name} took more than was signed");
    changed.pop();
    let places = [0, changed.len() / 2, changed.len().saturating_sub(1)];
    for place in places.into_iter().filter(|place| *place < body.len()) {
        changed[place] ^= 1;
        assert!(verifier.check(&headers, &changed, now()).is_err(), "{name} took a changed byte {place}");
        changed[place] ^= 1;
    }
}

/// The headers of who knows the secret; none for a source whose key only its sender has.
fn right(name: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let stamp = NOW.to_string();
    let mac = |parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    match name {
        "github" => vec![("X-Hub-Signature-256", format!("sha256={}", hex::encode(mac(&[body]))))],
        "stamped" => {
            let proof = hex::encode(mac(&[stamp.as_bytes(), b".", body]));
            vec![("X-Signature", format!("t={stamp},v1={proof}"))]
        }
        "based" => vec![("X-Signature", BASE64_STANDARD.encode(mac(&[body])))],
        "token" => vec![("X-Token", SECRET.to_owned())],
        "standard" => {
            let proof = BASE64_STANDARD.encode(mac(&[b"id.", stamp.as_bytes(), b".", body]));
            vec![
                ("webhook-id", "id".to_owned()),
                ("webhook-timestamp", stamp),
                ("webhook-signature", format!("v1,{proof}")),
            ]
        }
        _ => Vec::new(),
    }
}
