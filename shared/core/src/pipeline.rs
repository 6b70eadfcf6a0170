//! Ingest, one webhook's way: verify -> archive -> event -> route -> send -> mark -> answer.
//!
//! Archive, send and mark are one call of the [`Ledger`], so that a backend which can makes them one transaction.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    again::{To, Why, again},
    condition::Subject,
    delivery::{BESIDE, Delivery, DeliveryId, Headers, keyed_by_hour, long_hash},
    event::{Cause, Event},
    facts::Facts,
    ledger::{Committed, Entry, Ledger},
    outcome::{Handled, Outcome, Reason, Rejection},
    payload::Glance,
    port::{Archive, Clock, ErrorKind, Message, Object, PortError, QueueName},
    route::{Routes, Verdict},
    rules::{Dialect, Locator, Rules, Source},
    sending::{Inline, message},
    session::{Session, Strategy},
    stored::Stored,
    telemetry::CONDITION_ERRORS,
};

/// One webhook request, as a host hands it in.
#[derive(Debug, Clone)]
pub struct Request {
    /// The last segment of the URL.
    pub source: String,
    /// All headers.
    pub headers: Headers,
    /// The raw bytes, as signed.
    pub body: Bytes,
    /// Who sent it, as far as the host knows.
    pub peer: IpAddr,
}

/// The answer to a request that is durable now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// The delivery's id.
    pub id: String,
    /// Its session by the `entity` strategy.
    pub session: String,
    /// The subscriptions that it goes to.
    pub subscriptions: Vec<String>,
    /// Whether it was here before.
    pub duplicate: bool,
    /// The trace that it belongs to.
    #[serde(skip)]
    pub traceparent: String,
}

/// What ingest needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// Writes deliveries.
    pub ledger: Arc<dyn Ledger>,
    /// Keeps what was refused though it was signed.
    pub archive: Arc<dyn Archive>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the queues carry; the rest goes without `data`, by `dataref`.
    pub inline: Inline,
}

/// Takes one webhook in. `Done` = it is durable and on its way.
pub async fn ingest(mut request: Request, rules: &Rules, ports: &Ports) -> Handled<Accepted> {
    let now = ports.clock.now();
    // First of all: who comes around what stands in front learns nothing, not even which sources there are.
    if let Some(Err(refused)) = rules.front.as_ref().map(|front| front.check(&request.headers)) {
        return Ok(Outcome::Rejected(refused));
    }
    let Some(source) = rules.sources.get(&request.source) else {
        let known = rules.sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return reject(Reason::UnknownSource, format!("no such source; configured are: {known}"));
    };
    if let Err(refused) = source.verifier.check(&request.headers, &request.body, now) {
        return Ok(Outcome::Rejected(refused));
    }
    // Nothing beyond this line can keep, send or log a credential.
    let mut credentials = source.verifier.credentials();
    credentials.extend(rules.front.as_ref().map(|front| front.header()));
    request.headers = request.headers.without(&credentials);
    take(&request, source, rules, ports, false).await
}

/// Takes in what was asked of GitHub, because its sender could not hand it over. Nothing is verified: only code of this
/// process may call it, with what GitHub itself answered.
pub async fn ingest_fetched(mut request: Request, rules: &Rules, ports: &Ports) -> Handled<Accepted> {
    let Some(source) = rules.sources.get(&request.source) else {
        return reject(Reason::UnknownSource, "no such source");
    };
    request.headers = request.headers.without(&source.verifier.credentials());
    take(&request, source, rules, ports, true).await
}

async fn take(
    request: &Request,
    source: &Source,
    rules: &Rules,
    ports: &Ports,
    fetched: bool,
) -> Handled<Accepted> {
    let now = ports.clock.now();
    match accept(request, source, rules, ports, (now, fetched)).await {
        Ok(outcome) => outcome,
        Err(rejection) => {
            keep_rejected(request, source, &rejection, ports, now).await?;
            Ok(Outcome::Rejected(rejection))
        }
    }
}

/// From here on the request is its sender's word. What is refused all the same is kept by the caller.
async fn accept(
    request: &Request,
    source: &Source,
    rules: &Rules,
    ports: &Ports,
    (now, fetched): (Timestamp, bool),
) -> Result<Handled<Accepted>, Rejection> {
    bound(&request.headers, source)?;
    let payload = payload(&request.headers, &request.body)?;
    let glance = rules.lens.read(&payload).map_err(|error| malformed(error.to_string()))?;
    let mut delivery = Delivery { fetched, ..delivery(request, source, &payload, &glance, now)? };
    loop {
        let facts = facts(source, &delivery, &glance);
        if let Some(repository) =
            facts.repository.as_ref().filter(|it| !source.owns.matches(&[&it.full_name()]))
        {
            let detail =
                format!("{} is not among the repositories that this source owns", repository.full_name());
            return Err(Rejection::new(Reason::NotOwned, detail));
        }
        let mut event = event(source, &facts);
        if fetched {
            event.cause = Some(Cause::Recovered);
        }
        let routes = route(source, rules, &facts, &event);
        let made = |(queue, session): &(QueueName, Option<Session>)| {
            (queue.clone(), message(&delivery, &event, (queue, session.as_ref()), "", ports.inline))
        };
        let messages = routes.queues.iter().map(made).collect();
        return Ok(match ports.ledger.commit(entry(&delivery, messages, now, rules)).await {
            Ok(Committed::OtherBytes { key }) if !delivery.variant => {
                match rendered_twice(&key, &delivery, rules, ports).await {
                    Ok(None) => delivery.variant = true,
                    Ok(Some(accepted)) => return Ok(Ok(Outcome::Done(accepted))),
                    Err(error) => return Ok(Err(error)),
                }
                continue;
            }
            Ok(Committed::OtherBytes { .. }) => {
                Err(PortError::internal("two deliveries have one id and one hash"))
            }
            Ok(Committed::Stored { duplicate, .. }) => {
                Ok(Outcome::Done(answer(&facts, event, routes, duplicate)))
            }
            Err(error) => Err(error),
        });
    }
}

/// Whether the other bytes under a delivery's key are only another rendering of it, because one of the two was fetched:
/// then what came first counts, and is sent to whoever lacks it. Raw bytes that come second are kept beside it.
async fn rendered_twice(
    key: &str,
    delivery: &Delivery,
    rules: &Rules,
    ports: &Ports,
) -> Result<Option<Accepted>, PortError> {
    let stored = Stored::new(key, ports.archive.get(key).await?)?;
    if !delivery.fetched && !stored.delivery.fetched {
        return Ok(None);
    }
    let now = ports.clock.now();
    if !delivery.fetched {
        let raw = Delivery { variant: true, ..delivery.clone() };
        let mut beside = entry(&raw, Vec::new(), now, rules);
        beside.object.metadata.insert(BESIDE.into(), key.into());
        ports.ledger.commit(beside).await?;
    }
    let terms = (if delivery.fetched { Why::Recovered } else { Why::Redelivered }, To::Matching);
    let again = stored.with_facts(rules, |facts, event| again(facts, event, rules, terms, ports.inline))?;
    let (id, session, subscriptions) =
        (again.event.id.clone(), again.session.clone(), again.subscriptions.clone());
    let traceparent = again.event.traceparent.clone();
    ports.ledger.commit(again.entry(&stored.delivery, rules, now)).await?;
    Ok(Some(Accepted { id, session, subscriptions, duplicate: true, traceparent }))
}

/// A source that is bound to an App takes that App's own hook and no other, whoever else knows its secret. The headers
/// are not signed: this keeps mistakes out, the secret keeps strangers out.
fn bound(headers: &Headers, source: &Source) -> Result<(), Rejection> {
    let Some(app) = source.app else { return Ok(()) };
    let kind = headers.get("x-github-hook-installation-target-type").unwrap_or("integration");
    let target = headers.get("x-github-hook-installation-target-id");
    if kind == "integration" && target.and_then(|id| id.parse().ok()) == Some(app) {
        return Ok(());
    }
    let short = |text: &str| text.chars().take(40).collect::<String>();
    let from = match target {
        Some(id) => format!("comes from the hook of {} {}", short(kind), short(id)),
        None => "names no App in X-GitHub-Hook-Installation-Target-ID".to_owned(),
    };
    let advice = "send it from the App's own webhook, or to another source with a secret of its own";
    Err(Rejection::new(
        Reason::OtherApp,
        format!("this source is bound to App {app}, and the delivery {from}: {advice}"),
    ))
}

/// What a delivery would become, without writing anything: for every subscription whether it wants it, and why.
pub fn explain(request: &Request, rules: &Rules, now: Timestamp) -> Result<(Event, Vec<Verdict>), Rejection> {
    let source = rules.sources.get(&request.source);
    let source = source.ok_or_else(|| Rejection::new(Reason::UnknownSource, "no such source"))?;
    let payload = payload(&request.headers, &request.body)?;
    let glance = rules.lens.read(&payload).map_err(|error| malformed(error.to_string()))?;
    let delivery = delivery(request, source, &payload, &glance, now)?;
    let facts = facts(source, &delivery, &glance);
    let event = event(source, &facts);
    let verdicts = rules.router.explain(&facts, &Subject::new(&event, &delivery.payload));
    Ok((event, verdicts))
}

fn malformed(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::Malformed, detail)
}

fn reject<T>(reason: Reason, detail: impl Into<String>) -> Handled<T> {
    Ok(Outcome::Rejected(Rejection::new(reason, detail)))
}

/// The JSON payload: the body, or of a form its field `payload`.
pub fn payload(headers: &Headers, body: &Bytes) -> Result<Bytes, Rejection> {
    let content_type = headers.get("content-type").unwrap_or("");
    match content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(body.clone()),
        "application/x-www-form-urlencoded" => {
            let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
            let (_, value) = field.ok_or_else(|| malformed("the form has no field `payload`"))?;
            Ok(value.into_owned().into())
        }
        _ => Err(Rejection::new(
            Reason::MediaType,
            "the content type is neither application/json nor application/x-www-form-urlencoded",
        )),
    }
}

fn delivery(
    request: &Request,
    source: &Source,
    payload: &Bytes,
    glance: &Glance,
    now: Timestamp,
) -> Result<Delivery, Rejection> {
    let header = |name: &str| request.headers.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let needed = |what: &str, found: Option<String>, place: &str| {
        found.ok_or_else(|| malformed(format!("the {what} is missing: {place}")))
    };
    let located = |locator: &Locator| match locator {
        Locator::Header(name) => (header(name), format!("header {name}")),
        Locator::Pointer(pointer) => {
            (glance.text(pointer).map(|text| text.into_owned()), format!("{pointer} in the payload"))
        }
    };
    let (event, id, hook) = match &source.dialect {
        Dialect::GitHub => (
            needed("event", header("x-github-event"), "header X-GitHub-Event")?,
            needed("delivery id", header("x-github-delivery"), "header X-GitHub-Delivery")?,
            header("x-github-hook-id"),
        ),
        Dialect::Generic { event, delivery, .. } => {
            let (found, place) = located(event);
            let event = needed("event", found, &place)?;
            let id = match delivery.as_ref().map(located) {
                Some((found, place)) => needed("delivery id", found, &place)?,
                None => long_hash(&request.body),
            };
            (event, id, None)
        }
    };
    Ok(Delivery {
        source: source.name.clone(),
        id: DeliveryId(id),
        hook,
        event,
        received: now,
        headers: request.headers.clone(),
        body: request.body.clone(),
        payload: payload.clone(),
        variant: false,
        fetched: false,
    })
}

fn facts<'d>(source: &Source, delivery: &'d Delivery, glance: &'d Glance<'d>) -> Facts<'d> {
    match &source.dialect {
        Dialect::GitHub => Facts::new(delivery, glance),
        Dialect::Generic { session, .. } => Facts::generic(delivery, glance, session.as_deref()),
    }
}

fn event(source: &Source, facts: &Facts) -> Event {
    match source.dialect {
        Dialect::GitHub => Event::github(facts),
        Dialect::Generic { .. } => Event::generic(facts),
    }
}

fn route(source: &Source, rules: &Rules, facts: &Facts, event: &Event) -> Routes {
    if !source.events.matches(&facts.event_names()) {
        return Routes::default();
    }
    let routes = rules.router.route(facts, &Subject::new(event, &facts.delivery.payload));
    for (subscription, why) in &routes.failed {
        CONDITION_ERRORS.add([subscription], 1);
        tracing::warn!(delivery.id = %facts.delivery.id, subscription, why, "`when` failed for delivery {}: no match", facts.delivery.id);
    }
    routes
}

/// A delivery with its messages, ready to be committed.
pub(crate) fn entry(
    delivery: &Delivery,
    messages: Vec<(QueueName, Message)>,
    now: Timestamp,
    rules: &Rules,
) -> Entry {
    Entry {
        archive_key: delivery.archive_key(),
        object: Object { body: delivery.body.clone(), metadata: delivery.metadata() },
        mark_key: delivery.mark_key(),
        messages,
        now,
        mark_expires: now.checked_add(rules.marks_kept).ok(),
    }
}

fn answer(facts: &Facts, event: Event, routes: Routes, duplicate: bool) -> Accepted {
    let session = Strategy::Entity.session(facts).map(|session| session.to_string());
    Accepted {
        id: facts.delivery.event_id(),
        session: session.unwrap_or_default(),
        subscriptions: routes.subscriptions,
        duplicate,
        traceparent: event.traceparent,
    }
}

/// Signed, but not to be processed: kept under `rejected/`, so that a person can look at it.
async fn keep_rejected(
    request: &Request,
    source: &Source,
    rejection: &Rejection,
    ports: &Ports,
    now: Timestamp,
) -> Result<(), PortError> {
    let key = keyed_by_hour("rejected", &source.name, now, &long_hash(&request.body));
    let mut metadata = request.headers.to_metadata();
    metadata.insert("pointsman-rejected".into(), rejection.detail.clone());
    metadata.insert("pointsman-received".into(), now.to_string());
    match ports.archive.put_new(&key, Object { body: request.body.clone(), metadata }).await {
        Err(error) if error.kind != ErrorKind::Conflict => Err(error),
        _ => Ok(()),
    }
}

/// How long a sender is asked to wait when nothing could be made durable.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
