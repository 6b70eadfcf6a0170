//! What scenarios stand on: [`fixtures`], a real [`server`], real functions ([`lambda`]) in a [`cloud`], real [`queues`],
//! plain HTTP's two ends ([`http`], [`serving`]), [`load`] and how it is [`measure`]d, a real [`prometheus`] and what the
//! [`dashboard`] asks it, GitHub's own document ([`openapi`]) as a judge, and the house itself read as data ([`house`],
//! [`source`], [`pictures`], [`template`]) for the tests that keep its arrows, its style and its rights.

pub mod cloud;
pub mod cost;
pub mod dashboard;
pub mod fixtures;
pub mod founded;
pub mod hcl;
pub mod house;
pub mod http;
pub mod lambda;
pub mod leaks;
pub mod load;
pub mod measure;
pub mod openapi;
pub mod pictures;
pub mod prometheus;
pub mod queues;
pub mod said;
pub mod server;
pub mod serving;
pub mod source;
pub mod template;
pub mod traces;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use uuid::Uuid;

/// 100-ns ticks between 1582-10-15 (the epoch of version 1 UUIDs) and 1970-01-01.
const GREGORIAN: i128 = 0x01B2_1DD2_1381_4000;

/// The value of `X-Hub-Signature-256` for these bytes: `sha256=` and the HMAC in hexadecimal.
pub fn sign(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(bytes);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A delivery id as GitHub makes them: a version 1 UUID of this time. Another `nth`, another id of the same time.
pub fn delivery_id(time: Timestamp, nth: u32) -> String {
    let ticks = u64::try_from(time.as_nanosecond() / 100 + GREGORIAN).expect("a time after 1582");
    let counter = (nth & 0x3fff) as u16;
    let [a, b, c, d] = nth.to_be_bytes();
    Uuid::new_v1(uuid::Timestamp::from_gregorian_time(ticks, counter), &[2, 0, a, b, c, d]).to_string()
}
