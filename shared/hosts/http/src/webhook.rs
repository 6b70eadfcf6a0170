//! One webhook: the request becomes the stage's input, its outcome the answer.

use std::{net::IpAddr, time::Instant};

use bytes::Buf;
use futures::Stream;
use http::{HeaderMap, Method, header::CONTENT_LENGTH};
use pointsman_core::{client, delivery::Headers, invocation, pipeline::Request, telemetry};
use warp::reply::Response;

use crate::{answer, body, routes::Host};

/// As a label: never the source, which anybody may make up.
const ROUTE: &str = "/webhooks/{source}";

/// Takes one webhook, and measures how long that takes.
pub(crate) async fn take<B: Buf>(
    host: &Host,
    peer: IpAddr,
    source: String,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Response {
    let begun = Instant::now();
    let answer = answered(host, peer, source, headers, body, begun).await;
    telemetry::served(&Method::POST, ROUTE, answer.status(), begun.elapsed());
    answer
}

/// Its part of the room is held until the stage is done with the body.
async fn answered<B: Buf>(
    host: &Host,
    peer: IpAddr,
    source: String,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
    begun: Instant,
) -> Response {
    let limits = &host.parts.limits;
    let mut share = host.room.share();
    let body = match body::read(body, length(headers), limits, &mut share).await {
        Ok(body) => body,
        Err(why) => {
            let (name, times) = (host.parts.name, (begun, Instant::now()));
            invocation::unread(name, &copied(headers), why.label(), times);
            return answer::unread(why, limits);
        }
    };
    let Some(_turn) = host.turns.take().await else { return answer::crowded() };
    let hops = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().ok());
    let peer = client::address(peer, hops, &host.parts.trusted_proxies);
    let request = Request { source, headers: copied(headers), body, peer };
    answer::response(
        invocation::answer(request, host.parts.name, Instant::now, |request| (host.parts.stage)(request))
            .await,
    )
}

/// What Content-Length says; hyper has seen to it that there is one at most and that it is a number.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn copied(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes()))).collect()
}
