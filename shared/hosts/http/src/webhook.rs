//! One webhook: the request becomes the stage's input, its outcome the answer. Logged once, here.

use std::{net::IpAddr, panic::AssertUnwindSafe};

use bytes::Buf;
use futures::{FutureExt as _, Stream};
use http::{HeaderMap, header::CONTENT_LENGTH};
use pointsman_core::{
    client,
    delivery::Headers,
    outcome::{Outcome, Reason},
    pipeline::{Accepted, Request},
};
use tracing::{Instrument as _, Span, debug, error, field::Empty, info, info_span, warn};
use warp::reply::Response;

use crate::{answer, body, routes::Host};

/// Takes one webhook. Its part of the room is held until the stage is done with the body.
pub(crate) async fn take<B: Buf>(
    host: &Host,
    peer: IpAddr,
    source: String,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Response {
    let limits = &host.parts.limits;
    let mut share = host.room.share();
    let body = match body::read(body, length(headers), limits, &mut share).await {
        Ok(body) => body,
        Err(why) => {
            debug!(source, ?why, "no body could be read");
            return answer::unread(why, limits);
        }
    };
    // The stage records the id that it finds, also of what it refuses.
    let span =
        info_span!("invocation", stage = host.parts.name, source, delivery.id = Empty, session = Empty);
    let hops = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().ok());
    let peer = client::address(peer, hops, &host.parts.trusted_proxies);
    let request = Request { source, headers: copied(headers), body, peer };
    let handling = async { (host.parts.stage)(request).await };
    let outcome = AssertUnwindSafe(handling).catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    match outcome {
        Ok(outcome) => {
            log(&span, &outcome);
            answer::outcome(&outcome)
        }
        Err(_) => {
            error!("the stage panicked; the sender was told to send it again");
            answer::failed()
        }
    }
}

/// What Content-Length says; hyper has seen to it that there is one at most and that it is a number.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn copied(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn log(span: &Span, outcome: &Outcome<Accepted>) {
    match outcome {
        Outcome::Done(accepted) => {
            span.record("delivery.id", accepted.id.as_str());
            span.record("session", accepted.session.as_str());
            debug!(duplicate = accepted.duplicate, "delivery {:?} accepted", accepted.id);
        }
        Outcome::Skipped(why) => debug!(why, "delivery skipped"),
        Outcome::Retry { cause, .. } => {
            warn!(%cause, "delivery not stored; the sender was told to send it again")
        }
        Outcome::Rejected(rejection) => match rejection.reason {
            // Each was a 401 first: a flood of them must not become a flood of lines.
            Reason::TooManyFailures { .. } => debug!("delivery refused: {rejection}"),
            reason => info!(reason = reason.label(), "delivery refused: {rejection}"),
        },
    }
}
