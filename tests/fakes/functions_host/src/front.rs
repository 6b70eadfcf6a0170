//! The cloud's front end and the host's proxy: a request to a function's route goes to the program as it was sent.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{App, Handler, Trigger, client};

/// Serves until it is to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    handler: Arc<Handler>,
    stopping: CancellationToken,
) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        let Ok((stream, peer)) = accepted else { continue };
        let (app, handler) = (app.clone(), handler.clone());
        open.spawn(async move {
            let answer = service_fn(move |request| {
                let (app, handler) = (app.clone(), handler.clone());
                async move { Ok::<_, Infallible>(forward(request, peer, &app, &handler).await.map(Full::new)) }
            });
            // A client that is gone needs no word.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
        });
    }
}

async fn forward(
    request: Request<Incoming>,
    peer: SocketAddr,
    app: &App,
    handler: &Handler,
) -> Response<Bytes> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let method = request.method().as_str().to_owned();
    let taken = app.functions.iter().any(|function| match &function.trigger {
        Trigger::Http { route, methods } => {
            is_of(&path, route) && (methods.is_empty() || methods.contains(&method))
        }
        _ => false,
    });
    if !taken {
        return empty(StatusCode::NOT_FOUND);
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return empty(StatusCode::BAD_REQUEST) };
    if let Ok(from) = HeaderValue::from_str(&peer.to_string()) {
        parts.headers.append("x-forwarded-for", from);
    }
    match client::send(handler.address(), Request::from_parts(parts, body.to_bytes())).await {
        Ok(answer) => answer,
        Err(_) => empty(StatusCode::BAD_GATEWAY),
    }
}

/// Whether a path is of a route, whose `{name}` stands for one piece.
fn is_of(path: &str, route: &str) -> bool {
    let (path, route): (Vec<_>, Vec<_>) = (path.split('/').collect(), route.split('/').collect());
    path.len() == route.len()
        && path
            .iter()
            .zip(&route)
            .all(|(piece, name)| name.starts_with('{') && !piece.is_empty() || piece == name)
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}
