//! `POST /{name}`: a function that its host calls by name, on loopback. What is in the call is none of this host's business.

use bytes::Buf;
use futures::Stream;
use http::{HeaderMap, Method};
use warp::reply::Response;

use crate::{Limits, answer, body, routes::Host, webhook::length};

/// Answers one call. Its body may be a whole batch: only all bodies together are bounded.
pub(crate) async fn take<B: Buf>(
    host: &Host,
    (method, name): (Method, String),
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Response {
    let Some(calls) = &host.parts.calls else { return answer::not_found() };
    if method != Method::POST {
        return answer::not_allowed("POST");
    }
    let limits = Limits { body: host.parts.limits.held, ..host.parts.limits.clone() };
    let mut share = host.room.share();
    match body::read(body, length(headers), &limits, &mut share).await {
        Ok(body) => answer::response(calls(name, body).await),
        Err(why) => answer::unread(why, &limits),
    }
}
