//! The addresses, as warp filters. The last one takes everything, so that no request meets warp's own rejections.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use http::{Method, StatusCode};
use serde::Serialize;
use tokio::time::timeout;
use warp::{Filter, Rejection, path::Tail, reply::Response};

use crate::{Dependency, Parts, admin, answer, body::Room, called, turns::Turns, webhook};

const READ_ONLY: &str = "GET, HEAD";

/// What all requests share.
pub(crate) struct Host {
    pub(crate) parts: Parts,
    pub(crate) room: Arc<Room>,
    pub(crate) turns: Turns,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    /// `ok`, `degraded` or `down`.
    status: &'static str,
    ready: bool,
    dependencies: Vec<Dependency>,
}

/// The filters of one connection; webhooks come first, they are what is asked for most.
pub(crate) fn routes(
    host: Arc<Host>,
    peer: IpAddr,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    webhooks(Arc::clone(&host), peer)
        .or(health())
        .unify()
        .or(ready(Arc::clone(&host)))
        .unify()
        .or(metrics(Arc::clone(&host)))
        .unify()
        .or(below_admin(Arc::clone(&host)))
        .unify()
        .or(root(Arc::clone(&host)))
        .unify()
        .or(calls(host))
        .unify()
        .or(warp::any().map(answer::not_found))
        .unify()
}

fn webhooks(host: Arc<Host>, peer: IpAddr) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("webhooks" / String)
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |source, method, headers, body| {
            let host = Arc::clone(&host);
            async move {
                if method != Method::POST {
                    return answer::not_allowed("POST");
                }
                webhook::take(&host, peer, source, &headers, body).await
            }
        })
}

fn health() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("health").and(warp::method()).map(|method: Method| {
        if !reads(&method) {
            return answer::not_allowed(READ_ONLY);
        }
        answer::json(StatusCode::OK, &Health { status: "ok" })
    })
}

fn ready(host: Arc<Host>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("ready").and(warp::method()).then(move |method: Method| {
        let host = Arc::clone(&host);
        async move {
            if !reads(&method) {
                return answer::not_allowed(READ_ONLY);
            }
            readiness(&host.parts).await
        }
    })
}

async fn readiness(parts: &Parts) -> Response {
    let limit = parts.limits.ready_time;
    let dependencies = timeout(limit, (parts.ready)()).await.unwrap_or_else(|_| {
        let why = format!("the check took longer than {limit:?}");
        vec![Dependency::ok("readiness check").down("no answer").because(Some(why))]
    });
    let ready = dependencies.iter().all(|dependency| dependency.ready);
    let degraded = dependencies.iter().any(|dependency| dependency.degraded);
    let (code, status) = match (ready, degraded) {
        (true, false) => (StatusCode::OK, "ok"),
        (true, true) => (StatusCode::OK, "degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
    };
    answer::json(code, &Readiness { status, ready, dependencies })
}

fn metrics(host: Arc<Host>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("metrics").and(warp::method()).map(move |method: Method| {
        if !reads(&method) {
            return answer::not_allowed(READ_ONLY);
        }
        let text = (host.parts.metrics)();
        answer::content(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
    })
}

fn below_admin(host: Arc<Host>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path("admin")
        .and(warp::path::tail())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |path: Tail, method, headers, body| {
            let host = Arc::clone(&host);
            async move {
                let asked = (method, path.as_str().to_owned());
                admin::take(&host, asked, &headers, body).await
            }
        })
}

/// Whoever starts this server asks here until it is there.
fn root(host: Arc<Host>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path::end().and(warp::method()).map(move |method: Method| match &host.parts.calls {
        Some(_) if reads(&method) => answer::json(StatusCode::OK, &Health { status: "ok" }),
        _ => answer::not_found(),
    })
}

fn calls(host: Arc<Host>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!(String)
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |name, method, headers, body| {
            let host = Arc::clone(&host);
            async move { called::take(&host, (method, name), &headers, body).await }
        })
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
