//! The REST side of the same broker: sending, and as much of the management as tells what is there.

mod feed;
mod send;

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;

use crate::{
    access::Access,
    broker::{Broker, Refusal, Settings},
};

/// More than the largest message that any plan takes.
const LONGEST: usize = 101 << 20;

/// Serves one client until it goes.
pub async fn serve(stream: TcpStream, broker: Arc<Broker>, access: Access) {
    let service = service_fn(move |request| {
        let (broker, access) = (broker.clone(), access.clone());
        async move { Ok::<_, Infallible>(answer(&broker, &access, request).await) }
    });
    // Who breaks off in the middle does not want to know.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(broker: &Broker, access: &Access, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Err(refusal) = access.check(token.unwrap_or_default()) {
        return refused(&refusal);
    }
    let body = match Limited::new(body, LONGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return told(StatusCode::BAD_REQUEST, "text/plain", error.to_string()),
    };
    let path = percent_decode_str(parts.uri.path().trim_matches('/')).decode_utf8_lossy().into_owned();
    let done = match (&parts.method, path.strip_suffix("/messages")) {
        (&Method::POST, Some(queue)) => send::take(broker, queue, &parts.headers, &body)
            .map(|()| told(StatusCode::CREATED, "text/plain", "")),
        (&Method::GET, None) if path.eq_ignore_ascii_case("$Resources/queues") => {
            feed::all(broker, parts.uri.query().unwrap_or_default()).map(atom)
        }
        (&Method::GET, None) => feed::one(broker, &path).map(atom),
        (&Method::PUT, None) => make(broker, &path, &body),
        (&Method::DELETE, None) => {
            broker.remove(&path);
            Ok(told(StatusCode::OK, "text/plain", ""))
        }
        _ => Err(Refusal::NotAllowed("The fake knows no such request.".into())),
    };
    done.unwrap_or_else(|refusal| refused(&refusal))
}

/// The fake's own way to make a queue, where a real one is made by Resource Manager: its [`Settings`] as JSON.
fn make(broker: &Broker, name: &str, body: &[u8]) -> Result<Response<Full<Bytes>>, Refusal> {
    let settings: Settings = match body.is_empty() {
        true => Settings::default(),
        false => serde_json::from_slice(body).map_err(|error| Refusal::NotAllowed(error.to_string()))?,
    };
    broker.make(name, settings);
    Ok(told(StatusCode::CREATED, "text/plain", ""))
}

fn atom(text: String) -> Response<Full<Bytes>> {
    told(StatusCode::OK, "application/atom+xml;type=feed;charset=utf-8", text)
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = format!("<Error><Code>{}</Code><Detail>{refusal}</Detail></Error>", status.as_u16());
    told(status, "application/xml; charset=utf-8", text)
}

fn told(status: StatusCode, kind: &str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    answer
}
