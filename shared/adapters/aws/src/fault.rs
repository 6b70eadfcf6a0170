//! Our error kinds from the SDK's errors, for all services: the only place that reads error codes.

use std::{error::Error, time::Duration};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use pointsman_core::port::{ErrorKind, PortError};

/// What was asked of whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The right that it takes, which is also the call's name: `sqs:SendMessage`.
    pub(crate) right: &'static str,
    /// On what: "the bucket `x`".
    pub(crate) on: &'a str,
}

impl Asked<'_> {
    /// The error of a call as the port tells it.
    pub(crate) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> PortError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(refused) => {
                let (code, message) = (refused.err().code(), refused.err().message());
                let status = refused.raw().status().as_u16();
                let after = refused.raw().headers().get("retry-after").and_then(|text| text.parse().ok());
                self.refused(code, message, status, after.map(Duration::from_secs))
            }
            SdkError::ConstructionFailure(_) => {
                PortError::invalid(format!("{self} cannot be asked for: {}", chain(error)))
            }
            _ if chain(error).contains("credentials") => self.denied(&chain(error)),
            _ => PortError::unavailable(format!("{self} got no answer: {}", chain(error))),
        }
    }

    /// What the service said, also of one entry of a batch (which has no status).
    pub(crate) fn refused(
        &self,
        code: Option<&str>,
        message: Option<&str>,
        status: u16,
        after: Option<Duration>,
    ) -> PortError {
        let (code, message) = (code.unwrap_or("no code"), message.unwrap_or("no message"));
        let said = format!("{code} ({message})");
        match kind(code, message, status) {
            ErrorKind::Denied => self.denied(&said),
            ErrorKind::Throttled { .. } => {
                PortError::new(ErrorKind::Throttled { after }, format!("{self} is throttled: {said}"))
            }
            kind => PortError::new(kind, format!("{self} failed: {said}")),
        }
    }

    fn denied(&self, said: &str) -> PortError {
        let message = format!("{self} is denied: give this role the right {}: {said}", self.right);
        PortError::new(ErrorKind::Denied, message)
    }
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.right, self.on)
    }
}

/// Bare names: SQS puts `AWS.SimpleQueueService.` before some of its own, JSON protocols a `#` namespace.
fn kind(code: &str, message: &str, status: u16) -> ErrorKind {
    let bare = code.rsplit(['.', '#']).next().unwrap_or(code);
    match bare.strip_suffix("Exception").unwrap_or(bare) {
        "NonExistentQueue" | "QueueDoesNotExist" | "NoSuchKey" | "NotFound" => ErrorKind::NotFound,
        // A bucket or a table that is missing is a deployment that is not complete: what is in it may still come.
        "NoSuchBucket"
        | "ResourceNotFound"
        | "TransactionConflict"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "RequestTimeout"
        | "InternalError"
        | "InternalFailure"
        | "InternalServer"
        | "InternalServiceError"
        | "ServiceUnavailable" => ErrorKind::Unavailable,
        "PreconditionFailed" | "ConditionalCheckFailed" | "ReceiptHandleIsInvalid" | "MessageNotInflight" => {
            ErrorKind::Conflict
        }
        "AccessDenied"
        | "KmsAccessDenied"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSecurity"
        | "AuthFailure"
        | "OptInRequired" => ErrorKind::Denied,
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "ProvisionedThroughputExceeded"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "OverLimit"
        | "KmsThrottled"
        | "PriorRequestNotComplete"
        | "LimitExceeded" => ErrorKind::Throttled { after: None },
        "InvalidParameterValue" if message.to_ascii_lowercase().contains("expired") => ErrorKind::Conflict,
        "InvalidMessageContents"
        | "InvalidParameterValue"
        | "InvalidParameter"
        | "MissingParameter"
        | "InvalidAttributeValue"
        | "InvalidRequest"
        | "InvalidArgument"
        | "Validation"
        | "BatchRequestTooLong"
        | "EntityTooLarge"
        | "KeyTooLongError"
        | "MetadataTooLarge"
        | "ItemCollectionSizeLimitExceeded" => ErrorKind::Invalid,
        _ => by_status(status),
    }
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        // S3's other 409s say that something is going on: only 412 says that the object is there.
        409 | 500.. => ErrorKind::Unavailable,
        412 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled { after: None },
        _ => ErrorKind::Internal,
    }
}

/// An error and what led to it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROTTLED: ErrorKind = ErrorKind::Throttled { after: None };

    #[test]
    fn a_code_has_one_kind_whatever_its_service_puts_around_it() {
        let cases = [
            ("AWS.SimpleQueueService.NonExistentQueue", "", 400, ErrorKind::NotFound),
            ("QueueDoesNotExist", "", 400, ErrorKind::NotFound),
            ("NoSuchKey", "", 404, ErrorKind::NotFound),
            ("NoSuchBucket", "", 404, ErrorKind::Unavailable),
            ("ResourceNotFoundException", "", 400, ErrorKind::Unavailable),
            ("PreconditionFailed", "", 412, ErrorKind::Conflict),
            ("ConditionalRequestConflict", "", 409, ErrorKind::Unavailable),
            ("anything", "", 409, ErrorKind::Unavailable),
            ("SlowDown", "Please reduce your request rate.", 503, THROTTLED),
            ("ThrottlingException", "", 400, THROTTLED),
            ("RequestThrottled", "", 403, THROTTLED),
            ("ProvisionedThroughputExceededException", "", 400, THROTTLED),
            ("AccessDenied", "", 403, ErrorKind::Denied),
            ("com.amazon#AccessDeniedException", "", 400, ErrorKind::Denied),
            ("ExpiredTokenException", "", 400, ErrorKind::Denied),
            ("ReceiptHandleIsInvalid", "", 404, ErrorKind::Conflict),
            ("InvalidParameterValue", "Reason: The receipt handle has expired.", 400, ErrorKind::Conflict),
            ("InvalidParameterValue", "One or more parameters are invalid", 400, ErrorKind::Invalid),
            ("InvalidMessageContents", "", 400, ErrorKind::Invalid),
            ("InternalError", "", 500, ErrorKind::Unavailable),
            ("who knows", "", 503, ErrorKind::Unavailable),
            ("who knows", "", 400, ErrorKind::Internal),
        ];
        for (code, message, status, expected) in cases {
            assert_eq!(kind(code, message, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn a_denied_call_names_the_right_and_the_resource() {
        let asked = Asked { right: "s3:PutObject", on: "the bucket `raw`" };
        let error = asked.refused(Some("AccessDenied"), Some("no"), 403, None);
        assert_eq!(error.kind, ErrorKind::Denied);
        let text = error.to_string();
        assert!(text.contains("the right s3:PutObject") && text.contains("the bucket `raw`"), "{text}");
    }

    #[test]
    fn a_throttled_call_says_how_long_to_stay_away() {
        let asked = Asked { right: "s3:PutObject", on: "the bucket `raw`" };
        let after = Some(Duration::from_secs(7));
        assert_eq!(asked.refused(Some("SlowDown"), None, 503, after).kind, ErrorKind::Throttled { after });
    }
}
