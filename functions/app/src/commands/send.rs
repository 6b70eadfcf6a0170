//! `pointsman send`: a payload, signed as GitHub signs, to a running server.

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use pointsman_core::{
    config::{Config, Source},
    delivery::{DeliveryId, Headers},
    port::{Named, Secret, SecretRef, Secrets as _},
};
use serde::Serialize;
use serde_json::Value;
use uuid::{Timestamp as UuidTime, Uuid};

use crate::{
    context::Context,
    print::{self, BAD, GOOD},
};

/// A server answers within 10 s, or it will not.
const PATIENCE: Duration = Duration::from_secs(30);

/// Words of `send`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The payload: a JSON file, or - for stdin
    file: String,
    /// The event's name, for the header X-GitHub-Event, such as push or issues
    #[arg(long, value_name = "E")]
    event: String,
    /// Where to [default: /webhooks/github at the configuration's `listen`]
    #[arg(long, value_name = "URL")]
    to: Option<Uri>,
    /// The secret to sign with, or a reference such as env:NAME or file:PATH [default: the server's own]
    #[arg(long, value_name = "S")]
    secret: Option<String>,
    /// The delivery's id [default: a fresh version 1 UUID, as GitHub's are]
    #[arg(long, value_name = "ID")]
    delivery: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    status: u16,
    delivery: String,
    answer: Value,
}

/// Sends it; exit status 0 only for an answer of 2xx.
pub async fn run(args: Args, context: &Context) -> Result<ExitCode> {
    let body = read(&args.file)?;
    let front = front(args.to.is_none(), context).await?;
    let (to, source) = target(args.to.clone(), context)?;
    let secret = secret(args.secret, &source, context).await?;
    let delivery = args.delivery.unwrap_or_else(fresh_id);
    let mut request = Request::post(to)
        .extension(Named)
        .header("user-agent", "pointsman-send")
        .header("content-type", "application/json")
        .header("x-github-event", &args.event)
        .header("x-github-delivery", &delivery)
        .header("x-hub-signature-256", signature(&secret, &body));
    if let Some((header, secret)) = &front {
        request = request.header(header, secret.expose());
    }
    let request =
        request.body(body).context("the event's name or the delivery's id cannot stand in a header")?;
    let (status, answer) = post(request).await?;
    let answer = Answer { status: status.as_u16(), delivery, answer };
    print::result(context.json, &answer, || shown(status, &answer))?;
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file's bytes, or stdin's.
pub fn read(file: &str) -> Result<Bytes> {
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
    } else {
        bytes = fs::read(file).with_context(|| format!("the payload {file} cannot be read"))?;
    }
    Ok(bytes.into())
}

/// A version 1 UUID of now.
pub fn fresh_id() -> String {
    let node: [u8; 6] = Uuid::new_v4().as_bytes()[..6].try_into().expect("six of sixteen bytes");
    let now = Timestamp::now();
    let (seconds, nanos) = (now.as_second().unsigned_abs(), now.subsec_nanosecond().unsigned_abs());
    let counter = u16::from_be_bytes([node[0], node[1]]);
    Uuid::new_v1(UuidTime::from_unix_time(seconds, nanos, counter.into(), 14), &node).to_string()
}

/// The headers (but for the signature) under which this source would get the event.
pub fn sample(config: &Config, source: &str, event: &str, id: &str, body: Bytes) -> Result<(Headers, Bytes)> {
    let known = config.sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let configured = config
        .sources
        .get(source)
        .ok_or_else(|| anyhow!("there is no source `{source}`; configured are: {known}"))?;
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if configured.verify.is_none() {
        headers.push(("x-github-event".into(), event.into()));
        headers.push(("x-github-delivery".into(), id.into()));
    }
    if let Some(app) = &configured.app {
        headers.push(("x-github-hook-installation-target-type".into(), "integration".into()));
        headers.push(("x-github-hook-installation-target-id".into(), app.id.to_string()));
    }
    let header =
        |field: &Option<pointsman_core::config::Field>| field.as_ref().and_then(|it| it.header.clone());
    headers.extend(header(&configured.event).map(|name| (name, event.to_owned())));
    headers.extend(header(&configured.delivery).map(|name| (name, id.to_owned())));
    Ok((headers.into_iter().collect(), body))
}

/// `X-Hub-Signature-256`.
pub fn signature(secret: &Secret, body: &[u8]) -> String {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(secret.expose()).expect("an HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The URL, and the source that its last segment names.
fn target(to: Option<Uri>, context: &Context) -> Result<(Uri, String)> {
    let to = match to {
        Some(to) => to,
        None => format!("http://{}/webhooks/github", reached(context.config()?.listen)).parse()?,
    };
    match to.scheme_str() {
        Some("http" | "https") => {}
        _ => bail!("`{to}` is no URL: such as http://127.0.0.1:8080/webhooks/github"),
    }
    let source = to.path().rsplit('/').next().unwrap_or_default().to_owned();
    Ok((to, source))
}

/// Where a server that listens there is reached from here: every address of this machine by its loopback one.
pub fn reached(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    listen
}

/// The secret that was given, else the first of the source's, where it is GitHub's.
async fn secret(given: Option<String>, source: &str, context: &Context) -> Result<Secret> {
    if let Some(given) = given {
        let Some(reference) = reference(&given) else { return Ok(Secret::new(given)) };
        let read = pointsman_env::EnvSecrets::new(".").get(&reference).await?;
        return read.into_iter().next().context("there is no such secret");
    }
    let loaded = context.loader(None).load().await?;
    let configured = loaded.config.sources.get(source);
    let Some(Source { secrets, verify: None, .. }) = configured else {
        bail!(
            "`{source}` is no source of GitHub's here, so that its signature cannot be made: name a --secret"
        );
    };
    let first = secrets.first().context("the source has no secret")?;
    loaded.secrets.get(first).await?.into_iter().next().context("there is no such secret")
}

/// What the server wants to see of whom stands in front of it. Told to our own server alone: another address has its own
/// front.
async fn front(ours: bool, context: &Context) -> Result<Option<(String, Secret)>> {
    if !ours || context.config()?.front.is_none() {
        return Ok(None);
    }
    let loaded = context.loader(None).load().await?;
    let front = loaded.config.front.context("the configuration changed just now: try again")?;
    let secret = loaded.secrets.get(&front.secret).await?.into_iter().next();
    Ok(Some((front.header, secret.context("the front has no secret")?)))
}

/// `env:NAME` and `file:PATH` keep a secret off the command line, which other users of the machine can read.
fn reference(text: &str) -> Option<SecretRef> {
    let named = ["env:", "file:"].iter().any(|kind| text.starts_with(kind));
    named.then(|| text.parse().ok()).flatten()
}

/// Sends it; the answer as JSON where it is some.
pub async fn post(request: Request<Bytes>) -> Result<(StatusCode, Value)> {
    let response =
        pointsman_http::Client::default().exchange(request, PATIENCE).await.map_err(|error| match error {
            pointsman_http::Error::Connect { .. } => {
                anyhow!("{error}: start the server with `pointsman serve`, or name another --to")
            }
            other => other.into(),
        })?;
    let text = || Value::String(String::from_utf8_lossy(response.body()).into_owned());
    Ok((response.status(), serde_json::from_slice(response.body()).unwrap_or_else(|_| text())))
}

fn shown(status: StatusCode, answer: &Answer) -> String {
    let style = if status.is_success() { GOOD } else { BAD };
    let mut text = format!("{style}{status}{style:#}\n");
    let Value::Object(members) = &answer.answer else {
        text.push_str(&format!("delivery: {}\n", DeliveryId(answer.delivery.clone()).escaped()));
        return text;
    };
    for (name, value) in members {
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        text.push_str(&format!("{name}: {}\n", print::clean(&value)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_github_documents() {
        let secret = Secret::new("It's a Secret to Everybody");
        let wanted = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature(&secret, b"Hello, World!"), wanted);
    }

    #[test]
    fn a_fresh_id_tells_its_own_time() {
        let time = DeliveryId(fresh_id()).time().unwrap();
        assert!(Timestamp::now().duration_since(time).as_secs().abs() < 5, "{time}");
        assert_ne!(fresh_id(), fresh_id());
    }

    #[test]
    fn every_address_is_reached_by_the_loopback_one() {
        let url = |listen: &str| reached(listen.parse().unwrap()).to_string();
        assert_eq!(url("0.0.0.0:81"), "127.0.0.1:81");
        assert_eq!(url("[::]:81"), "[::1]:81");
        assert_eq!(url("10.0.0.1:81"), "10.0.0.1:81");
    }
}
