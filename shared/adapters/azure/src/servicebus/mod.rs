//! Queues on Service Bus. One logical queue is a queue with sessions there, its dead letters another; sending is REST, in
//! batches, by managed identity or a shared key.

mod handed;
mod names;
mod send;
mod token;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
pub use handed::Handed;
use http::{Method, Request, Response, header};
use pointsman_core::port::{Clock, Http, Named, OnPoison, PortError, QueueName, QueueSettings};
pub use token::Credential;
use token::Tokens;
pub use wire::can_carry;
#[cfg(feature = "receiver")]
pub(crate) use {names::logical, wire::session};

use crate::{
    Connection,
    fault::{Asked, retry_after},
};

/// An event that is longer than this, in bytes, is better sent by reference.
pub const INLINE_LIMIT: usize = 60_000;
/// The role to send with.
pub(crate) const SENDER: &str = "Azure Service Bus Data Sender";

/// Where the queues are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// `https://NAME.servicebus.windows.net`.
    pub url: String,
    /// What the queues' names begin with.
    pub prefix: String,
    /// The largest message and batch, in bytes: 256 kB on Standard, 100 MB on Premium.
    pub largest: usize,
}

/// All queues of one namespace whose names begin with one prefix. Cheap to clone.
///
/// Senders need the role "Azure Service Bus Data Sender" on the namespace or its queues.
#[derive(Clone)]
pub struct ServiceBus(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    http: Arc<dyn Http>,
    pub(crate) namespace: Namespace,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    settings: Mutex<BTreeMap<QueueName, QueueSettings>>,
}

impl ServiceBus {
    /// The queues named `{prefix}{name}`. `Invalid`: in plain text tokens go to this machine alone.
    pub fn new(
        connection: &Connection,
        namespace: Namespace,
        credential: Credential,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PortError> {
        let namespace = Namespace { url: namespace.url.trim_end_matches('/').to_owned(), ..namespace };
        let here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !namespace.url.starts_with("https://") && !here.iter().any(|url| namespace.url.starts_with(url)) {
            let why = format!(
                "`{}` is no namespace of Service Bus: https://NAME.servicebus.windows.net",
                namespace.url
            );
            return Err(PortError::invalid(why));
        }
        Ok(Self(Arc::new(Inner {
            http: connection.http.clone(),
            tokens: Tokens::new(credential, connection.credential.clone(), &namespace.url, clock.clone()),
            namespace,
            clock,
            settings: Mutex::default(),
        })))
    }

    /// Settings of these queues from now on; others have the defaults. A queue's dedup window is what it was made with.
    /// `Invalid`: a queue is to hold what fails for a person, which Service Bus cannot.
    pub fn set(&self, queues: impl IntoIterator<Item = (QueueName, QueueSettings)>) -> Result<(), PortError> {
        let queues: Vec<_> = queues.into_iter().collect();
        if let Some((queue, _)) = queues.iter().find(|(_, settings)| settings.on_poison == OnPoison::Hold) {
            return Err(PortError::invalid(format!(
                "`{queue}` has `on_poison: hold`, which Service Bus cannot: use `dead-letter`, and \
                 `pointsman dead-letters retry`"
            )));
        }
        self.settled().extend(queues);
        Ok(())
    }

    pub(crate) fn settings(&self, queue: &QueueName) -> QueueSettings {
        self.settled().get(&queue.origin()).cloned().unwrap_or_default()
    }

    #[cfg(feature = "receiver")]
    pub(crate) fn attached(&self, queue: &QueueName) -> bool {
        self.settled().contains_key(&queue.origin())
    }

    /// A queue's name on Service Bus.
    pub(crate) fn physical(&self, queue: &QueueName) -> String {
        names::physical(&self.0.namespace.prefix, queue)
    }

    /// The queues that are known from the configuration.
    pub(crate) fn unknown(&self, queue: &QueueName) -> PortError {
        let known: Vec<_> = self.settled().keys().map(ToString::to_string).collect();
        PortError::not_found(format!(
            "there is no queue `{queue}` on Service Bus (`{}` in {}); the configured ones are {}",
            self.physical(queue),
            self.0.namespace.url,
            known.join(", ")
        ))
    }

    /// Asks the namespace; a token that is refused is made anew once.
    pub(crate) async fn ask(
        &self,
        asked: Asked<'_>,
        method: Method,
        path: &str,
        content: Option<(&str, Bytes)>,
    ) -> Result<Response<Bytes>, PortError> {
        let mut last = None;
        for fresh in [false, true] {
            let token = self.0.tokens.get(fresh).await.map_err(|error| asked.failed(&error))?;
            let url = format!("{}/{path}", self.0.namespace.url);
            let mut request = Request::builder().method(method.clone()).uri(url).extension(Named);
            let mut authorization = http::HeaderValue::from_str(&token)
                .map_err(|_| PortError::internal("a token that is no header's value"))?;
            authorization.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, authorization);
            let (kind, body) = content.clone().unwrap_or_default();
            if !kind.is_empty() {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let request = request.body(body).map_err(|error| PortError::invalid(error.to_string()))?;
            let answer = self.0.http.send(request).await?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            let refused = answer.status() == http::StatusCode::UNAUTHORIZED;
            last = Some(refusal(asked, &answer));
            if !refused {
                break;
            }
        }
        Err(last.unwrap_or_else(|| PortError::internal(format!("{asked} was not tried"))))
    }

    fn settled(&self) -> MutexGuard<'_, BTreeMap<QueueName, QueueSettings>> {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer's own words are short, and hold no secret of ours.
fn refusal(asked: Asked<'_>, answer: &Response<Bytes>) -> PortError {
    let text = String::from_utf8_lossy(answer.body());
    let said = text.split_once("<Detail>").and_then(|(_, rest)| rest.split_once("</Detail>")).map(|it| it.0);
    let status = answer.status();
    let code = status.canonical_reason().unwrap_or_default();
    asked.refused(status.as_u16(), code, said.unwrap_or_default(), retry_after(answer.headers()))
}

/// The same error for another message.
pub(crate) fn again(error: &PortError) -> PortError {
    PortError::new(error.kind, error.to_string())
}
