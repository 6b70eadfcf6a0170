//! What goes wrong between a client and GitHub: by a seed, or exactly where a test says.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::json;

/// When a [`Moment`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request came, nothing was done.
    Before,
    /// It was done, nobody was told.
    After,
}

/// A request, before or after it took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which side of it.
    pub when: When,
    /// `PATCH /repos/{owner}/{repo}/git/refs/{ref}`, as GitHub's document names it.
    pub operation: String,
    /// The path that was asked for.
    pub path: String,
    /// How many requests came before, since the start.
    pub nth: u64,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No answer. Before: and no effect. After: it took effect, and the answer was lost.
    Unavailable,
    /// 502, with GitHub's page of a unicorn.
    BadGateway,
    /// The hourly limit, which ends after this long.
    PrimaryLimit(Duration),
    /// A secondary limit: 403 with `retry-after`.
    SecondaryLimit(Duration),
    /// 429 with `retry-after`.
    TooMany(Duration),
    /// The answer comes after this long, by the clock.
    Slow(Duration),
    /// The hourly limit as GraphQL tells it: in an answer of 200.
    GraphqlLimit(Duration),
    /// A refusal of this status, in these words.
    Refused(u16, &'static str),
    /// A read sees what was there this many writes ago.
    Stale(usize),
    /// The request never ends: drop it.
    Hang,
}

/// How often requests and webhooks go wrong, each of 1.0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Odds {
    /// [`Fault::Unavailable`] before.
    pub lost: f64,
    /// [`Fault::Unavailable`] after.
    pub timed_out: f64,
    /// [`Fault::BadGateway`].
    pub bad_gateway: f64,
    /// [`Fault::SecondaryLimit`] of a minute.
    pub limited: f64,
    /// [`Fault::Stale`] of 1 to 3 writes, of reads by name (a read by sha is never stale).
    pub stale: f64,
    /// A webhook that is never sent.
    pub webhook_lost: f64,
    /// A webhook that is sent twice.
    pub webhook_twice: f64,
    /// A webhook that comes after younger ones.
    pub webhook_late: f64,
}

impl Odds {
    /// What becomes of this request.
    pub(crate) fn draw(&self, dice: &mut fastrand::Rng, when: When) -> Option<Fault> {
        let roll = dice.f64();
        let table: &[(f64, Fault)] = match when {
            When::After => &[(self.timed_out, Fault::Unavailable)],
            When::Before => &[
                (self.lost, Fault::Unavailable),
                (self.bad_gateway, Fault::BadGateway),
                (self.limited, Fault::SecondaryLimit(Duration::from_secs(60))),
                (self.stale, Fault::Stale(1 + usize::from(dice.u8(0..3)))),
            ],
        };
        let mut sum = 0.0;
        for (odds, fault) in table {
            sum += odds;
            if roll < sum {
                return Some(*fault);
            }
        }
        None
    }
}

/// The answer of a fault that is one.
pub(crate) fn answer(fault: Fault, now: i64) -> Option<Response<Bytes>> {
    let seconds = |after: Duration| after.as_secs().to_string();
    let made = Response::builder().header("content-type", "application/json; charset=utf-8");
    let (status, message, headers) = match fault {
        Fault::BadGateway => {
            let page = Bytes::from_static(b"<html><body>Unicorn!</body></html>");
            return Response::builder().status(502).header("content-type", "text/html").body(page).ok();
        }
        Fault::PrimaryLimit(after) => {
            let reset = (now + i64::try_from(after.as_secs()).unwrap_or(0)).to_string();
            let headers = vec![("x-ratelimit-remaining", "0".into()), ("x-ratelimit-reset", reset)];
            (403, "API rate limit exceeded for installation.", headers)
        }
        Fault::SecondaryLimit(after) => (
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            vec![("retry-after", seconds(after))],
        ),
        Fault::GraphqlLimit(after) => {
            let reset = now + i64::try_from(after.as_secs()).unwrap_or(0);
            let errors = json!([{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }]);
            let made = made.status(200).header("x-ratelimit-reset", reset);
            return made.body(json!({ "data": null, "errors": errors }).to_string().into()).ok();
        }
        Fault::Refused(status, message) => (status, message, Vec::new()),
        Fault::TooMany(after) => (429, "Too many requests", vec![("retry-after", seconds(after))]),
        _ => return None,
    };
    let made = headers.into_iter().fold(made.status(status), |made, (name, value)| made.header(name, value));
    let documentation = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";
    made.body(json!({ "message": message, "documentation_url": documentation }).to_string().into()).ok()
}
