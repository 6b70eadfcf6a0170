//! Signature verification: over the raw bytes, in constant time, against every current secret.

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    config::{Algorithm, Encoding},
    delivery::Headers,
    outcome::{Reason, Rejection},
    port::Secret,
};

/// How one source's requests are checked: its configuration with the secrets read.
#[derive(Debug)]
pub enum Verifier {
    /// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
    GitHub(Vec<Secret>),
    /// An HMAC in a header.
    Hmac(HmacRule, Vec<Secret>),
    /// The secret itself in this header (lower case).
    Token(String, Vec<Secret>),
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
    StandardWebhooks(Duration, Vec<Secret>),
    /// An Ed25519 signature in hexadecimal.
    Ed25519 {
        /// The signature's header (lower case).
        header: String,
        /// What is signed.
        signed: Signed,
        /// The accepted keys.
        keys: Vec<VerifyingKey>,
    },
}

/// What stands in front, known by a secret that only it adds to requests.
#[derive(Debug)]
pub struct Front {
    header: String,
    secrets: Vec<Secret>,
}

impl Front {
    /// Known by this header (in any case), which says one of these.
    pub fn new(header: &str, secrets: Vec<Secret>) -> Self {
        Self { header: header.to_ascii_lowercase(), secrets }
    }

    /// Refuses what came around it.
    pub fn check(&self, headers: &Headers) -> Result<(), Rejection> {
        let given = headers.get(&self.header).unwrap_or_default().as_bytes();
        if any(self.secrets.iter().map(|secret| secret.expose().ct_eq(given))) {
            return Ok(());
        }
        let detail = "the request did not come by the address that is meant for it: send to that one";
        Err(Rejection::new(Reason::NotByFront, detail))
    }

    /// Its header (lower case), which is never kept.
    pub fn header(&self) -> &str {
        &self.header
    }
}

/// Where an HMAC lies and how it is written.
#[derive(Debug)]
pub struct HmacRule {
    /// Its header (lower case).
    pub header: String,
    /// The hash.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// What stands before it.
    pub prefix: String,
    /// What is signed.
    pub signed: Signed,
}

/// What is signed: a template with `{timestamp}` and `{body}`, and where the timestamp lies.
#[derive(Debug)]
pub struct Signed {
    /// The template.
    pub template: String,
    /// Where the timestamp lies, and how old or early it may be.
    pub timestamp: Option<(Place, Duration)>,
}

/// Where a timestamp lies.
#[derive(Debug)]
pub enum Place {
    /// In a header of its own (lower case).
    Header(String),
    /// In the signature header's list, as `name=value`.
    Element(String),
}

const GITHUB_SHA256: &str = "x-hub-signature-256";
const GITHUB_SHA1: &str = "x-hub-signature";

fn refused(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::Signature, detail)
}

impl Verifier {
    /// Refuses what none of the secrets signed. `now` is for timestamps that are signed too.
    pub fn check(&self, headers: &Headers, body: &[u8], now: Timestamp) -> Result<(), Rejection> {
        match self {
            Self::GitHub(secrets) => github(secrets, headers, body),
            Self::Hmac(rule, secrets) => rule.check(secrets, headers, body, now),
            Self::Token(header, secrets) => {
                let given = required(headers, header)?;
                let right = any(secrets.iter().map(|secret| secret.expose().ct_eq(given.as_bytes())));
                if right {
                    Ok(())
                } else {
                    Err(refused(format!("the token in {header} is not the configured one")))
                }
            }
            Self::StandardWebhooks(tolerance, secrets) => standard(*tolerance, secrets, headers, body, now),
            Self::Ed25519 { header, signed, keys } => {
                let given = required(headers, header)?;
                let message = signed.message(headers, given, body, now)?;
                let signature = hex::decode(given).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
                let signature =
                    signature.ok_or_else(|| refused(format!("{header} is no Ed25519 signature")))?;
                let right = keys.iter().any(|key| key.verify_strict(&message, &signature).is_ok());
                if right { Ok(()) } else { Err(refused(format!("the signature in {header} is wrong"))) }
            }
        }
    }

    /// Headers that hold a credential or a signature: never kept.
    pub fn credentials(&self) -> Vec<&str> {
        match self {
            Self::GitHub(_) => vec![GITHUB_SHA256, GITHUB_SHA1],
            Self::Hmac(rule, _) => vec![&rule.header],
            Self::Token(header, _) | Self::Ed25519 { header, .. } => vec![header],
            Self::StandardWebhooks(..) => vec!["webhook-signature"],
        }
    }
}

fn required<'h>(headers: &'h Headers, name: &str) -> Result<&'h str, Rejection> {
    headers.get(name).ok_or_else(|| refused(format!("the header {name} is missing")))
}

/// Looks at every candidate, whichever matches: time tells nothing.
fn any(choices: impl Iterator<Item = Choice>) -> bool {
    choices.fold(Choice::from(0), |found, choice| found | choice).into()
}

fn sha256(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn sha1(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("an HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn github(secrets: &[Secret], headers: &Headers, body: &[u8]) -> Result<(), Rejection> {
    let Some(given) = headers.get(GITHUB_SHA256) else {
        return Err(refused(if headers.get(GITHUB_SHA1).is_some() {
            "only X-Hub-Signature (SHA-1) is there, and SHA-1 is not accepted: X-Hub-Signature-256 is needed"
        } else {
            "X-Hub-Signature-256 is missing: set the same secret at the webhook and in the source's configuration"
        }));
    };
    let Some(given) = given.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok()) else {
        return Err(refused("X-Hub-Signature-256 is not sha256= and hexadecimal digits"));
    };
    if any(secrets.iter().map(|secret| sha256(secret.expose(), &[body]).ct_eq(&given))) {
        return Ok(());
    }
    Err(refused(
        "X-Hub-Signature-256 is wrong: the webhook's secret is none of the source's, or the body changed on its way",
    ))
}

impl HmacRule {
    fn check(
        &self,
        secrets: &[Secret],
        headers: &Headers,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let value = required(headers, &self.header)?;
        let message = self.signed.message(headers, value, body, now)?;
        let given: Vec<Vec<u8>> = value
            .split(',')
            .filter_map(|element| element.trim().strip_prefix(self.prefix.as_str()))
            .filter_map(|text| self.decode(text))
            .collect();
        let made = |secret: &Secret| match self.algorithm {
            Algorithm::Sha256 => sha256(secret.expose(), &[&message]),
            Algorithm::Sha1 => sha1(secret.expose(), &[&message]),
        };
        let right = any(secrets
            .iter()
            .map(made)
            .flat_map(|made| given.iter().map(move |given| made.ct_eq(given)).collect::<Vec<_>>()));
        if right {
            Ok(())
        } else {
            Err(refused(format!("the signature in {} is missing or wrong", self.header)))
        }
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => BASE64_STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok(),
        }
    }
}

impl Signed {
    /// The bytes that were signed, once the timestamp is near enough to now.
    fn message(
        &self,
        headers: &Headers,
        value: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, Rejection> {
        let stamp = match &self.timestamp {
            None => "",
            Some((place, tolerance)) => {
                let found = match place {
                    Place::Header(name) => headers.get(name),
                    Place::Element(name) => value
                        .split(',')
                        .find_map(|element| element.trim().strip_prefix(name.as_str())?.strip_prefix('=')),
                };
                let stamp = found.ok_or_else(|| refused("the signature's timestamp is missing"))?;
                near(stamp, now, *tolerance)?;
                stamp
            }
        };
        let (before, after) = self.template.split_once("{body}").unwrap_or(("", ""));
        let fill = |text: &str| text.replace("{timestamp}", stamp).into_bytes();
        Ok([fill(before).as_slice(), body, fill(after).as_slice()].concat())
    }
}

/// Refuses a timestamp (seconds since 1970) that is too old or too early.
fn near(stamp: &str, now: Timestamp, tolerance: Duration) -> Result<(), Rejection> {
    let seconds: i64 =
        stamp.parse().map_err(|_| refused("the signature's timestamp is no number of seconds"))?;
    if now.as_second().abs_diff(seconds) <= tolerance.as_secs() {
        return Ok(());
    }
    Err(refused(format!("the signature's timestamp is more than {} s away from now", tolerance.as_secs())))
}

fn standard(
    tolerance: Duration,
    secrets: &[Secret],
    headers: &Headers,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Rejection> {
    let (id, stamp) = (required(headers, "webhook-id")?, required(headers, "webhook-timestamp")?);
    let value = required(headers, "webhook-signature")?;
    near(stamp, now, tolerance)?;
    let given: Vec<Vec<u8>> =
        value.split(' ').filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok()).collect();
    let keys = secrets.iter().map(standard_key);
    let made = keys.map(|key| sha256(&key, &[id.as_bytes(), b".", stamp.as_bytes(), b".", body]));
    if any(made.flat_map(|made| given.iter().map(move |given| made.ct_eq(given)).collect::<Vec<_>>())) {
        return Ok(());
    }
    Err(refused("no v1 signature in webhook-signature is right"))
}

/// Senders show these secrets as `whsec_` and base64; one that is not so is taken as it stands.
fn standard_key(secret: &Secret) -> zeroize::Zeroizing<Vec<u8>> {
    let text = secret.expose();
    let encoded = text.strip_prefix(b"whsec_").unwrap_or(text);
    zeroize::Zeroizing::new(BASE64_STANDARD.decode(encoded).unwrap_or_else(|_| text.to_vec()))
}

/// hex(SHA-256) over parts that cannot run into each other.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests;
