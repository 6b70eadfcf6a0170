//! `/admin/`: for who has the token, and not there where none is configured. What is asked below it is none of the host's
//! business.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use bytes::{Buf, Bytes};
use futures::{FutureExt as _, Stream, future::BoxFuture};
use http::{
    HeaderMap, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue, WWW_AUTHENTICATE},
};
use pointsman_core::port::{PortError, Secret};
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};
use tracing::{error, info, warn};
use warp::reply::Response;

use crate::{Limits, answer, body, routes::Host};

/// The longest body, in bytes.
const LONGEST: usize = 1 << 20;

/// The tokens of now, any of which opens; `None` = there are no admin routes.
pub type Tokens = Arc<dyn Fn() -> BoxFuture<'static, Result<Option<Vec<Secret>>, PortError>> + Send + Sync>;
/// Answers whoever showed a token.
pub type Desk = Arc<dyn Fn(Asked) -> BoxFuture<'static, Told> + Send + Sync>;

/// What is behind `/admin/`.
#[derive(Clone)]
pub struct Admin {
    tokens: Tokens,
    desk: Desk,
}

/// A request of somebody who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST` ...
    pub method: Method,
    /// What follows `/admin/`.
    pub path: String,
    /// The body, at most 1 MiB.
    pub body: Bytes,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// JSON.
    Json(StatusCode, Value),
    /// A problem: this status, and this for people.
    Problem(StatusCode, String),
}

impl Admin {
    /// Behind these tokens, which are read anew for each request.
    pub fn new<T, D>(
        tokens: impl Fn() -> T + Send + Sync + 'static,
        desk: impl Fn(Asked) -> D + Send + Sync + 'static,
    ) -> Self
    where
        T: Future<Output = Result<Option<Vec<Secret>>, PortError>> + Send + 'static,
        D: Future<Output = Told> + Send + 'static,
    {
        Self {
            tokens: Arc::new(move || Box::pin(tokens())),
            desk: Arc::new(move |asked| Box::pin(desk(asked))),
        }
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// Answers one request. The body of who shows no token is not read.
pub(crate) async fn take<B: Buf>(
    host: &Host,
    (method, path): (Method, String),
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Response {
    let Some(admin) = &host.parts.admin else { return answer::not_found() };
    match (admin.tokens)().await {
        Ok(None) => return answer::not_found(),
        Ok(Some(tokens)) if opens(headers, &tokens) => {}
        Ok(Some(_)) => {
            info!("a request to /admin/ showed no token that opens");
            return unauthorized();
        }
        Err(error) => {
            warn!(%error, "the admin token cannot be read: nobody is let in");
            return answer::problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "The admin token cannot be read; the log says why.",
            );
        }
    }
    let limits = Limits { body: LONGEST, ..host.parts.limits.clone() };
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut share = host.room.share();
    let body = match body::read(body, length, &limits, &mut share).await {
        Ok(body) => body,
        Err(why) => return answer::unread(why, &limits),
    };
    let asked = AssertUnwindSafe(async { (admin.desk)(Asked { method, path, body }).await });
    match asked.catch_unwind().await {
        Ok(Told::Json(status, value)) => answer::json(status, &value),
        Ok(Told::Problem(status, detail)) => answer::problem(status, &detail),
        Err(_) => {
            error!("what answers /admin/ panicked");
            answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "It could not be done; the log says why.")
        }
    }
}

/// Whether the request shows one of the tokens, compared in constant time.
fn opens(headers: &HeaderMap, tokens: &[Secret]) -> bool {
    let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, shown)) = shown.split_at_checked("Bearer ".len()) else { return false };
    if !scheme.eq_ignore_ascii_case(b"Bearer ") || shown.is_empty() {
        return false;
    }
    let none = Choice::from(0);
    tokens.iter().fold(none, |found, token| found | token.expose().ct_eq(shown)).into()
}

fn unauthorized() -> Response {
    let mut response = answer::problem(
        StatusCode::UNAUTHORIZED,
        "This needs `Authorization: Bearer` with the token that `admin.token` names in the configuration.",
    );
    let wanted = HeaderValue::from_static("Bearer realm=\"pointsman\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, wanted);
    response
}
