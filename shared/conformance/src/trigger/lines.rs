//! The log: one line for each handled event, at the same level and with the same fields on every host.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use pointsman_core::{
    outcome::{Outcome, Reason, Rejection},
    pipeline::Accepted,
    port::{Message, PortError},
    trace::{TRACEPARENT, Trace, current},
};
use tracing::{
    Event, Level, Metadata, Subscriber, dispatcher,
    field::{Field, Visit},
    span,
};

use super::{
    Webhooks,
    stand::{SECOND, Stand, Watch, broken, done, message, rejected, throttled},
};

const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A line's level and fields.
type Line = (Level, BTreeMap<String, String>);

/// How a webhook of this id ends.
type End = fn(String) -> Outcome<Accepted>;
/// A message's name and attempt, and the trace in which it was handled.
type Seen = (String, u32, Option<Trace>);

/// What all cases of this process have said.
static SAID: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// Notes every line that tells an outcome.
struct Notes;

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.0.contains_key("outcome") {
            let line = (*event.metadata().level(), fields.0);
            SAID.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// From now on lines are noted; a name that no other case of this process has.
fn listening() -> String {
    static ONCE: Once = Once::new();
    static NAMES: AtomicU32 = AtomicU32::new(0);
    ONCE.call_once(|| {
        dispatcher::set_global_default(Notes.into()).expect("nobody else listens in a host's tests");
    });
    format!("t{}", NAMES.fetch_add(1, Ordering::Relaxed))
}

/// What was said of this event.
fn said(id: &str) -> Vec<Line> {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    said.iter().filter(|(_, fields)| fields.get("delivery.id").is_some_and(|of| of == id)).cloned().collect()
}

/// Level, outcome, reason and attempt of each line; all of them have all the fields that every line has.
fn told(id: &str, stage: &str, session: Option<&str>) -> Vec<String> {
    let of = |(level, fields): Line| {
        let field = |name: &str| fields.get(name).map_or("-", String::as_str);
        assert_eq!((field("stage"), field("trace_id")), (stage, TRACE), "{fields:?}");
        assert!(session.is_none() || fields.get("session").map(String::as_str) == session, "{fields:?}");
        assert_eq!(field("message"), format!("delivery {id}: {}", field("outcome")));
        field("duration_ms").parse::<f64>().expect("how long it took");
        let after = if fields.contains_key("after_ms") { " later" } else { "" };
        format!("{level} {} {} {}{after}", field("outcome"), field("reason"), field("attempt"))
    };
    said(id).into_iter().map(of).collect()
}

pub(super) async fn each_handled_message_is_one_line_with_the_same_fields(stand: Stand) {
    let name = listening();
    let id = |what: &str| format!("{name}-{what}");
    for what in ["done", "skipped", "retry", "rejected", "throttled"] {
        let id = id(what);
        let attributes = [(TRACEPARENT.to_owned(), SENT.to_owned())].into();
        stand.send(Message { session: Some(id.as_str().into()), attributes, ..message(&id) }).await;
    }
    let first = Arc::new(Mutex::new(true));
    let stage = Watch::default().stage(move |name, attempt| match name.rsplit('-').next() {
        Some("skipped") => Ok(Outcome::Skipped("nobody wants it".into())),
        Some("retry") if attempt == 1 => broken(),
        Some("rejected") => rejected(Reason::Malformed, "no such field"),
        Some("throttled") if std::mem::take(&mut *first.lock().expect("nobody panics with it")) => {
            throttled(SECOND)
        }
        _ => done(),
    });
    stand.drain_after(&[SECOND, SECOND], &stage).await;
    let told = |what: &str| told(&id(what), "work", Some(&id(what)));
    assert_eq!(told("done"), ["INFO done - 1"]);
    assert_eq!(told("skipped"), ["INFO skipped - 1"]);
    assert_eq!(told("retry"), ["WARN retry - 1 later", "INFO done - 2"]);
    assert_eq!(told("rejected"), ["ERROR dead_lettered malformed 1"]);
    assert_eq!(told("throttled"), ["INFO throttled - 1 later", "INFO done - 1"]);
}

pub(super) async fn each_webhook_is_one_line_with_the_same_fields(stand: Stand) {
    let name = listening();
    let cases: [(&str, End, &[&str]); 6] = [
        ("accepted", |id| Outcome::Done(taken(id, false)), &["INFO accepted - -"]),
        ("duplicate", |id| Outcome::Done(taken(id, true)), &["INFO duplicate - -"]),
        ("unavailable", |_| away(), &["WARN unavailable - - later"]),
        ("signature", |_| refused(Reason::Signature), &["INFO refused signature -"]),
        ("flood", |_| refused(Reason::TooManyFailures { after: 9 }), &[]),
        ("panic", |_| panic!("a bug"), &["ERROR failed - -"]),
    ];
    for (what, end, expected) in cases {
        let id = format!("{name}-{what}");
        let request = http::Request::post("/webhooks/github")
            .header("x-github-delivery", &id)
            .header(TRACEPARENT, SENT)
            .body(Bytes::from("{}"))
            .expect("a request of plain parts");
        let of = id.clone();
        let stage: Webhooks = Arc::new(move |_| {
            let id = of.clone();
            Box::pin(async move { end(id) })
        });
        stand.ports.host.request(request, stage).await;
        assert_eq!(told(&id, "intake", None), expected, "{what}");
    }
}

fn taken(id: String, duplicate: bool) -> Accepted {
    let session = "acme/widgets/issue/7".to_owned();
    Accepted { id, session, subscriptions: vec!["all".into()], duplicate, traceparent: SENT.into() }
}

fn away() -> Outcome<Accepted> {
    Outcome::Retry { after: SECOND, cause: PortError::unavailable("the disk is full") }
}

fn refused(reason: Reason) -> Outcome<Accepted> {
    Outcome::Rejected(Rejection::new(reason, "no"))
}

pub(super) async fn a_stage_goes_on_in_its_messages_trace_as_a_span_of_its_own(stand: Stand) {
    let attributes = [(TRACEPARENT.to_owned(), SENT.to_owned())].into();
    stand.send(Message { attributes, ..message("a1") }).await;
    stand.put(&["b1"]).await;
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let notes = seen.clone();
    let stage = Watch::default().stage(move |name, attempt| {
        notes.lock().expect("nobody panics with it").push((name.to_owned(), attempt, current()));
        if name == "a1" && attempt == 1 { broken() } else { done() }
    });
    stand.drain_after(&[SECOND], &stage).await;
    assert_eq!(current(), None);
    let seen = seen.lock().expect("nobody panics with it");
    let trace = |of: &str, at: u32| {
        let found = seen.iter().find(|(name, attempt, _)| (name.as_str(), *attempt) == (of, at));
        found.expect("the stage saw it").2.clone()
    };
    assert_eq!(trace("b1", 1), None, "it came without one");
    let (one, two) = (trace("a1", 1).expect("a trace"), trace("a1", 2).expect("a trace"));
    assert_eq!((one.id(), two.id()), (TRACE, TRACE));
    let parent = Trace::parse(SENT).expect("a trace");
    assert!(one.span() != parent.span() && one.span() != two.span(), "each try is a span of its own");
}
