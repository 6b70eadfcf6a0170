//! This machine's part: the configuration, the store, the server.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use pointsman_core::port::{Expect, Named, PortError};
use pointsman_env::{LoadError, Loaded, Origin};
use serde::Deserialize;
use uuid::Uuid;

use super::{Args, Findings, aws, azure};
use crate::{commands::send::reached, context::Context, store::Store};

/// A server on this machine answers at once, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Readiness {
    ready: bool,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    ready: bool,
    #[serde(default)]
    degraded: bool,
    #[serde(default)]
    state: String,
    last_error: Option<String>,
}

/// Looks at it. Without a configuration there is nothing more to be looked at.
pub async fn look(args: &Args, context: &Context, found: &mut Findings) -> Option<Loaded> {
    let loaded = configuration(context.loader(args.listen).load().await, found)?;
    if loaded.config.in_a_cloud() {
        match loaded.config.is_azure() {
            true => azure::look(&loaded, found).await,
            false => aws::look(&loaded, found).await,
        }
        return Some(loaded);
    }
    store(&loaded, found).await;
    server(loaded.config.listen, found).await;
    Some(loaded)
}

fn configuration(loaded: Result<Loaded, LoadError>, found: &mut Findings) -> Option<Loaded> {
    let check = "configuration";
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(LoadError::Faulty(faults)) => {
            found.fail(check, faults.to_string(), "correct it; the rest is looked at once it has no faults");
            return None;
        }
        Err(error) => {
            found.fail(check, error.to_string(), "name the file with --config, or make it readable");
            return None;
        }
    };
    let origin = &loaded.origin;
    match origin {
        _ if !loaded.warnings.is_empty() => {
            let lines = loaded.warnings.iter().map(|warning| format!("{origin}:{warning}"));
            found.doubt(check, lines.collect::<Vec<_>>().join("\n"), "see whether it is meant so");
        }
        Origin::File(_) => found.ok(check, format!("{origin} has no faults")),
        Origin::BuiltIn => found.ok(check, "there is no file: the defaults are in force"),
    }
    Some(loaded)
}

async fn store(loaded: &Loaded, found: &mut Findings) {
    let data = loaded.config.data.display();
    let todo = format!("see that {data} can be written to and its disk has room");
    match Store::open(&loaded.config, "pointsman doctor").await {
        Ok(store) => {
            match written(&store).await {
                Ok(()) => found.ok("store", format!("{data} can be written to")),
                Err(error) => found.fail("store", error.to_string(), todo),
            }
            // It was ours for a moment, or another process's: there is nothing to be said about its end.
            let _ = store.close().await;
        }
        Err(error) => found.fail("store", format!("{error:#}"), todo),
    }
}

/// Writes a record and removes it.
pub async fn written(store: &Store) -> Result<(), PortError> {
    let key = format!("doctor/{}", Uuid::new_v4());
    store.records.put_if(&key, Bytes::from_static(b"a check"), Expect::Anything, None).await?;
    store.records.delete(&key, Expect::Anything).await
}

async fn server(listen: SocketAddr, found: &mut Findings) {
    let check = "server";
    if listen.port() == 0 {
        let todo = "name a port in `listen`, or say with --listen where it is now";
        return found.doubt(check, format!("{listen} is another port at each start"), todo);
    }
    let url = format!("http://{}/ready", reached(listen));
    let request = Request::get(&url).extension(Named).body(Bytes::new()).expect("an address makes a URL");
    let answer = match pointsman_http::Client::default().exchange(request, PATIENCE).await {
        Ok(answer) => answer,
        Err(error) => return found.fail(check, error.to_string(), "start it: pointsman serve"),
    };
    match serde_json::from_slice::<Readiness>(answer.body()) {
        Ok(told) if told.ready && answer.status() == StatusCode::OK => {
            found.ok(check, format!("{url} says that it is ready"));
            for it in told.dependencies.iter().filter(|it| it.degraded) {
                let why = it.last_error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
                let todo = "docs/operations.md has a line for what it says";
                found.doubt(check, format!("{}: {}{why}", it.name, it.state), todo);
            }
        }
        Ok(told) => {
            let unready = told.dependencies.iter().filter(|it| !it.ready);
            let why =
                unready.map(|it| format!("{}: {}", it.name, it.last_error.as_deref().unwrap_or("not ready")));
            let why = why.collect::<Vec<_>>().join(", ");
            found.fail(check, format!("{url} says that it is not ready ({why})"), "see the server's log");
        }
        Err(_) => {
            let seen = format!("{url} answers {}, and not as Pointsman does", answer.status());
            found.fail(check, seen, "another program listens there: choose another `listen`");
        }
    }
}
