//! Who asks: a GitHub App with its private key, or somebody's token.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use pointsman_core::{
    config,
    port::{ErrorKind, PortError, SecretRef, Secrets},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::BaseUrl;

/// GitHub's clock may be behind ours by this much, in seconds.
const BEFORE: i64 = 60;
/// How long a JWT is good for, in seconds; GitHub takes ten minutes at most.
const LIFE: i64 = 9 * 60;

/// A GitHub App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its number, or its client id.
    pub id: String,
    /// Its private key: PEM, PKCS#1 (as GitHub gives it out) or PKCS#8.
    pub private_key: SecretRef,
    /// Where GitHub is.
    pub base_url: BaseUrl,
}

impl TryFrom<&config::App> for App {
    type Error = PortError;

    /// As configured. `Invalid`: its address is none, which the check of the configuration tells first.
    fn try_from(app: &config::App) -> Result<Self, PortError> {
        let base_url = app.base_url.parse().map_err(|why: String| PortError::invalid(why))?;
        Ok(Self { id: app.id.to_string(), private_key: app.private_key.clone(), base_url })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An App: its installations' tokens are made as they are needed.
    App(App),
    /// Somebody's token, such as `GITHUB_TOKEN`.
    Token {
        /// The token.
        token: SecretRef,
        /// Where GitHub is.
        base_url: BaseUrl,
    },
    /// Nobody: what is public, and 60 requests an hour.
    Nobody {
        /// Where GitHub is.
        base_url: BaseUrl,
    },
}

impl Identity {
    pub(crate) fn base_url(&self) -> &BaseUrl {
        match self {
            Self::App(App { base_url, .. }) | Self::Token { base_url, .. } | Self::Nobody { base_url } => {
                base_url
            }
        }
    }
}

impl From<App> for Identity {
    fn from(app: App) -> Self {
        Self::App(app)
    }
}

/// What an App says of itself.
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// The App's own credential, for a few minutes.
pub(crate) async fn jwt(
    app: &App,
    secrets: &dyn Secrets,
    now: Timestamp,
) -> Result<Zeroizing<String>, PortError> {
    let key = secrets.get(&app.private_key).await?.into_iter().next();
    let key = key.ok_or_else(|| PortError::not_found(format!("{} holds no private key", app.private_key)))?;
    sign(app, key.expose(), now)
}

fn sign(app: &App, pem: &[u8], now: Timestamp) -> Result<Zeroizing<String>, PortError> {
    // Why it is none is not repeated: a parser's complaint may quote what it read.
    let key = EncodingKey::from_rsa_pem(pem).map_err(|_| unusable(app))?;
    let now = now.as_second();
    let claims = Claims { iat: now - BEFORE, exp: now + LIFE, iss: &app.id };
    let token =
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).map_err(|_| unusable(app))?;
    Ok(Zeroizing::new(token))
}

fn unusable(app: &App) -> PortError {
    let message = format!(
        "the private key of App {} in {} is no RSA key in PEM: download it from the App's settings, all of it with its \
         BEGIN and END lines",
        app.id, app.private_key
    );
    PortError::new(ErrorKind::Denied, message)
}
