//! The loop over the Lambda Runtime API, one event at a time.

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use pointsman_core::invocation;
use serde_json::{Value, value::RawValue};
use tracing::error;

use crate::{Event, Fault};

/// Answers events until Lambda ends the process; logs as `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT` say.
pub async fn serve<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(Event) -> F,
    F: Future<Output = Result<Value, Fault>>,
{
    lambda_runtime::tracing::init_default_subscriber();
    invocation::tell_of_panics();
    let handle = &handle;
    let answer = move |event: LambdaEvent<Box<RawValue>>| async move {
        let deadline = i64::try_from(event.context.deadline).ok();
        let deadline = deadline.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
        let told = handle(Event::new(event.payload, deadline)).await;
        told.map_err(|fault| {
            error!(%fault, "the invocation failed");
            Diagnostic { error_type: fault.kind.to_owned(), error_message: fault.message }
        })
    };
    lambda_runtime::run(service_fn(answer)).await
}
