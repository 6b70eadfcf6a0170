//! GitHub's limits, however it tells them: always `Throttled`, with how long to stay away.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use pointsman_core::{
    port::{ErrorKind, PortError},
    telemetry::GITHUB_REMAINING,
};

/// What GitHub asks for where it does not say how long.
const USUAL: Duration = Duration::from_secs(60);
/// A limit never lasts longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// What GitHub counts on its own: what a label may name. <https://docs.github.com/rest/rate-limit>
const RESOURCES: &[&str] = &["core", "graphql", "search", "integration_manifest"];

/// What the answer says is left goes into the figures.
pub(crate) fn count(response: &Response<Bytes>) {
    let headers = response.headers();
    let Some(left) = number(headers, "x-ratelimit-remaining").and_then(|left| u64::try_from(left).ok())
    else {
        return;
    };
    let resource = headers.get("x-ratelimit-resource").and_then(|it| it.to_str().ok()).unwrap_or("core");
    GITHUB_REMAINING.count([RESOURCES.iter().find(|it| **it == resource).unwrap_or(&"other")], left);
}

/// The limit that this answer tells of, if it does.
pub(crate) fn told(shown: &str, response: &Response<Bytes>, now: Timestamp) -> Option<PortError> {
    let (status, headers) = (response.status(), response.headers());
    let spent = number(headers, "x-ratelimit-remaining") == Some(0);
    let asked = retry_after(headers, now);
    let limited = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => spent || asked.is_some() || is_secondary(response.body()),
        _ => false,
    };
    limited.then(|| {
        let reset = number(headers, "x-ratelimit-reset").filter(|_| spent).map(|at| until(at, now));
        let after = asked.or(reset).unwrap_or(USUAL).clamp(Duration::from_secs(1), LONGEST);
        let kind = if spent { "hourly limit" } else { "limit on fast or many requests" };
        throttled(shown, kind, after)
    })
}

/// The same, told by GraphQL in an answer of 200.
pub(crate) fn told_by_graphql(shown: &str, headers: &HeaderMap, now: Timestamp) -> PortError {
    let reset = number(headers, "x-ratelimit-reset").map(|at| until(at, now));
    let after = retry_after(headers, now).or(reset).unwrap_or(USUAL);
    throttled(shown, "hourly limit", after.clamp(Duration::from_secs(1), LONGEST))
}

fn throttled(shown: &str, kind: &str, after: Duration) -> PortError {
    let message = format!("GitHub's {kind} is reached at {shown}: again in {} s", after.as_secs());
    PortError::new(ErrorKind::Throttled { after: Some(after) }, message)
}

fn is_secondary(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    ["secondary rate limit", "abuse detection", "rate limit exceeded"].iter().any(|sign| text.contains(sign))
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(until(at.as_second(), now))
}

/// One second more: the limit is reset within that second.
fn until(at: i64, now: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.saturating_sub(now.as_second())).unwrap_or(0) + 1)
}
