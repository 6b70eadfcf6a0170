//! The loop over the Lambda Runtime API, one event at a time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use pointsman_core::{invocation, telemetry};
use serde_json::{Value, value::RawValue};
use tracing::{error, warn};

use crate::{Event, Fault, config, emf::Emf};

/// Answers events until Lambda ends the process; logs as `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT` say. What an
/// invocation counted is in the log before its answer.
pub async fn serve<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Value, Fault>>,
{
    // A program that exports its spans logs beside that already.
    if !telemetry::is_exported() {
        lambda_runtime::tracing::init_default_subscriber();
    }
    invocation::tell_of_panics();
    let figures = figures();
    let (handle, figures, first) = (&handle, &figures, &AtomicBool::new(true));
    let answer = move |event: LambdaEvent<Box<RawValue>>| async move {
        let deadline = i64::try_from(event.context.deadline).ok();
        let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
        let event = Event::new(event.payload, deadline);
        let counts = figures.is_some() || telemetry::is_exported();
        let (trigger, begun) = (counts.then(|| event.trigger()), Instant::now());
        let told = handle(event).await;
        if let Some(trigger) = trigger {
            let first = first.swap(false, Ordering::Relaxed);
            telemetry::invoked(trigger.label(), first, told.is_err(), begun.elapsed());
        }
        if let Some(figures) = figures {
            figures.write();
        }
        telemetry::flush().await;
        told.map_err(|fault| {
            error!(%fault, "the invocation failed");
            Diagnostic { error_type: fault.kind.to_owned(), error_message: fault.message }
        })
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// Where figures are counted, if they are wanted and not exported.
fn figures() -> Option<Emf> {
    if telemetry::is_exported() {
        return None;
    }
    let (namespace, function) = config::figures()?;
    let emf = Emf::new(namespace, function);
    if metrics::set_global_recorder(emf.clone()).is_err() {
        warn!("figures are not written: this process counts them elsewhere already");
        return None;
    }
    Some(emf)
}
