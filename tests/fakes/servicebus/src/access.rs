//! Who may use the fake: a shared access signature with its key, as the service makes and checks it. Any bearer token that
//! is none of those is believed: nobody here can check it.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use crate::broker::Refusal;

/// The name of the only key.
pub const KEY_NAME: &str = "RootManageSharedAccessKey";

/// The key.
#[derive(Debug, Clone)]
pub struct Access {
    key: String,
}

impl Access {
    /// Who knows this key may do everything.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }

    /// As a connection string without its host has it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether an `Authorization` header, or a token of `$cbs`, is good.
    pub fn check(&self, token: &str) -> Result<(), Refusal> {
        if let Some(token) = token.strip_prefix("Bearer ") {
            return if token.is_empty() || token == "expired" { Err(Refusal::Unauthorized) } else { Ok(()) };
        }
        let Some(fields) = token.strip_prefix("SharedAccessSignature ") else {
            return Err(Refusal::Unauthorized);
        };
        let fields: HashMap<_, _> = fields.split('&').filter_map(|field| field.split_once('=')).collect();
        let field = |name: &str| fields.get(name).copied().ok_or(Refusal::Unauthorized);
        let signed = format!("{}\n{}", field("sr")?, field("se")?);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).map_err(|_| Refusal::Unauthorized)?;
        mac.update(signed.as_bytes());
        let signature = percent_decode_str(field("sig")?).decode_utf8_lossy().into_owned();
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| Refusal::Unauthorized)?;
        mac.verify_slice(&signature).map_err(|_| Refusal::Unauthorized)?;
        let until: i64 = field("se")?.parse().map_err(|_| Refusal::Unauthorized)?;
        if until > Timestamp::now().as_second() { Ok(()) } else { Err(Refusal::Unauthorized) }
    }
}
