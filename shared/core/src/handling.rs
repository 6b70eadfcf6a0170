//! One event's handling as the log tells it: one line for each, on every host with the same fields (docs/observability.md).

use std::{borrow::Cow, time::Duration};

use tracing::{Level, Span, error, info, info_span, warn};

use crate::{
    port::{QueueName, Received},
    release::text::plain,
    scrub::scrub,
    session::Session,
    telemetry,
    trace::Trace,
};

/// The longest id or session that stands in a line.
const LONGEST: usize = 200;

/// The line, at a level: a macro's level cannot be a value.
macro_rules! told {
    ($level:ident, $work:ident, $ending:ident, $took:ident) => {{
        let Work { stage, source, delivery, session, attempt, trace } = $work;
        let id = delivery.as_deref().map(shown);
        let outcome = $ending.outcome;
        $level!(
            stage = stage.as_ref(),
            outcome,
            source = source.as_deref().map(shown).as_deref(),
            delivery.id = id.as_deref(),
            session = session.as_deref(),
            attempt,
            duration_ms = $took.as_micros() as f64 / 1000.0,
            reason = $ending.reason.as_deref(),
            detail = $ending.detail.as_deref(),
            after_ms = $ending.after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            trace_id = trace.as_ref().map(Trace::id),
            "delivery {}: {outcome}",
            id.as_deref().unwrap_or("-"),
        )
    }};
}

/// How a handling ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How much it matters.
    pub level: Level,
    /// One of a few words.
    pub outcome: &'static str,
    /// Why, as a label.
    pub reason: Option<Cow<'static, str>>,
    /// Why, for people.
    pub detail: Option<String>,
    /// When it is tried again.
    pub after: Option<Duration>,
}

impl Ending {
    /// One that is as it should be.
    pub fn good(outcome: &'static str) -> Self {
        Self::new(Level::INFO, outcome)
    }

    /// One of this weight.
    pub fn new(level: Level, outcome: &'static str) -> Self {
        Self { level, outcome, reason: None, detail: None, after: None }
    }

    /// The same, and why.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.detail = Some(scrub(&detail).into_owned());
        self
    }

    /// The same, and why, as a label.
    #[must_use]
    pub fn labelled(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same, and when it is tried again.
    #[must_use]
    pub fn again(mut self, after: Duration) -> Self {
        self.after = Some(after);
        self
    }
}

/// Whose handling it is.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// The stage, by the queue that it works on.
    pub stage: Cow<'static, str>,
    /// Intake's source.
    pub source: Option<String>,
    /// The event's id.
    pub delivery: Option<String>,
    /// Its session.
    pub session: Option<String>,
    /// Which try it is: 1 = the first.
    pub attempt: Option<u32>,
    /// The span of the trace.
    pub trace: Option<Trace>,
}

impl Work {
    /// A message that a stage has from this queue.
    pub fn of(queue: &QueueName, message: &Received) -> Self {
        Self {
            stage: queue.to_string().into(),
            source: None,
            delivery: message.correlation.clone(),
            session: message.session.as_ref().map(Session::to_string),
            attempt: Some(message.attempt),
            trace: Trace::handling(message),
        }
    }

    /// The span in which so many messages are handled together; its other lines are found by it.
    pub fn span(&self, messages: usize) -> Span {
        let Self { stage, source, delivery, session, attempt, trace } = self;
        let span = info_span!(
            "invocation",
            stage = stage.as_ref(),
            source = source.as_deref().map(shown).as_deref(),
            delivery.id = delivery.as_deref().map(shown).as_deref(),
            session = session.as_deref(),
            attempt,
            messages = (messages > 1).then_some(messages),
            trace_id = trace.as_ref().map(Trace::id),
            span_id = trace.as_ref().map(Trace::span),
        );
        telemetry::adopt(&span, trace.as_ref().map(Trace::above));
        span
    }

    /// Writes the line. To be called outside of [`Work::span`]: the line has all of its fields.
    pub fn ended(&self, ending: &Ending, took: Duration) {
        match ending.level {
            Level::ERROR => told!(error, self, ending, took),
            Level::WARN => told!(warn, self, ending, took),
            _ => told!(info, self, ending, took),
        }
    }
}

/// An id is its sender's word: one line, of bounded length.
fn shown(id: &str) -> Cow<'_, str> {
    if id.len() <= LONGEST && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return id.into();
    }
    plain(id, LONGEST).into()
}
