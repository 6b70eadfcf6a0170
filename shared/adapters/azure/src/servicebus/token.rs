//! Who we are to a namespace: a token of Entra ID, or a shared access signature that we make. Kept until it is old or refused.

use std::{fmt, sync::Arc, time::Duration};

use azure_core::credentials::TokenCredential;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pointsman_core::port::{Clock, Secret};
use sha2::Sha256;
use tokio::sync::Mutex;

const SCOPE: &str = "https://servicebus.azure.net/.default";
/// How long a signature of ours is good.
const GOOD: Duration = Duration::from_secs(60 * 60);
/// A token that ends sooner than this is made anew.
const SPARE: Duration = Duration::from_secs(5 * 60);

/// How a namespace knows us.
#[derive(Clone)]
pub enum Credential {
    /// By a token of the connection's identity.
    Identity,
    /// By a shared key: its name, and the key itself.
    Key(String, Secret),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("Identity"),
            Self::Key(name, _) => write!(f, "Key({name}, ***)"),
        }
    }
}

pub(crate) struct Tokens {
    credential: Credential,
    identity: Arc<dyn TokenCredential>,
    resource: String,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<(String, Timestamp)>>,
}

impl Tokens {
    pub(super) fn new(
        credential: Credential,
        identity: Arc<dyn TokenCredential>,
        resource: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { credential, identity, resource: resource.to_owned(), clock, kept: Mutex::default() }
    }

    /// As an `Authorization` header has it; a fresh one where the kept one was refused.
    pub(crate) async fn get(&self, fresh: bool) -> azure_core::Result<String> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some((token, until)) = kept.as_ref()
            && !fresh
            && now.checked_add(SPARE).is_ok_and(|soon| soon < *until)
        {
            return Ok(token.clone());
        }
        let made = match &self.credential {
            Credential::Key(name, key) => self.signature(name, key, now),
            Credential::Identity => {
                let token = self.identity.get_token(&[SCOPE], None).await?;
                let until =
                    Timestamp::from_nanosecond(token.expires_on.unix_timestamp_nanos()).unwrap_or(now);
                (format!("Bearer {}", token.token.secret()), until)
            }
        };
        Ok(kept.insert(made).0.clone())
    }

    fn signature(&self, name: &str, key: &Secret, now: Timestamp) -> (String, Timestamp) {
        let until = now.checked_add(GOOD).unwrap_or(now);
        let resource = utf8_percent_encode(&self.resource, NON_ALPHANUMERIC).to_string();
        let expiry = until.as_second();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let signature = utf8_percent_encode(&signature, NON_ALPHANUMERIC);
        (format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={name}"), until)
    }
}
