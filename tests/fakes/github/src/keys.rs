//! The Apps' keys: made when they are first asked for, one pair for a process, so that none lies in the tree.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// The private key of every App of this process's fakes, as PKCS#8 PEM: worthless anywhere else.
pub static PRIVATE_KEY: LazyLock<String> = LazyLock::new(|| {
    let der: Pkcs8V1Der<'_> = PAIR.as_der().expect("a fresh key can be written");
    pem(der.as_ref())
});

static PAIR: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("the machine has randomness"));

/// What belongs to it, as PKCS#1 DER.
pub(crate) fn public_key() -> &'static [u8] {
    PAIR.public_key().as_ref()
}

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
