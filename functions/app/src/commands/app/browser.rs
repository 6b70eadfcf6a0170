//! The way through the browser: one page leads to GitHub, and GitHub leads back here with a code.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use http::StatusCode;
use pointsman_host_http::{Page, Pages, Visit};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    Args, Desk, Made,
    ask::{self, Account, Answer},
    page,
};
use crate::signals;

/// GitHub gives the whole way one hour.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// What the browser's visits share.
struct Way {
    desk: Desk,
    /// Nobody else knows it: what comes back with it answers our page.
    state: String,
    page: String,
    /// Taken by the first answer: a code is good once.
    done: Mutex<Option<oneshot::Sender<Result<Made>>>>,
}

/// Serves the page until GitHub's answer came, and makes the App of it.
pub async fn ask(desk: Desk, account: Option<Account>, args: &Args) -> Result<Made> {
    let stop = signals::stop()?;
    let pages = Pages::bind(args.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))).await?;
    let address = pages.local_addr();
    let state = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let to = ask::form(&args.base_url, account.as_ref(), Some(&state));
    let page = page::asking(&to, &args.manifest(address))?;
    let (done, mut answered) = oneshot::channel();
    let way = Arc::new(Way { desk, state, page, done: Mutex::new(Some(done)) });
    eprintln!("open http://{address}/ in a browser on this machine, within an hour (Ctrl-C ends)");
    let visit = move |visit| {
        let way = Arc::clone(&way);
        async move { way.visited(visit).await }
    };
    let mut ended = None;
    let waited = async {
        tokio::select! {
            made = &mut answered => ended = Some(made.context("the page went away").and_then(|made| made)),
            () = stop => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    };
    pages.serve(visit, waited).await;
    match ended {
        Some(made) => made,
        None => bail!("no App was made: GitHub's answer did not come"),
    }
}

impl Way {
    async fn visited(&self, visit: Visit) -> Page {
        match visit.path.as_str() {
            "/" => Page { status: StatusCode::OK, html: self.page.clone() },
            "/created" => self.created(&Answer::read(&visit.query)).await,
            _ => Page { status: StatusCode::NOT_FOUND, html: page::wrong("There is no such page.") },
        }
    }

    async fn created(&self, answer: &Answer) -> Page {
        let refused = |why: &str| Page { status: StatusCode::BAD_REQUEST, html: page::wrong(why) };
        if answer.state.as_ref() != Some(&self.state) {
            return refused("This is no answer to the page that the terminal told of: open that one again.");
        }
        let Some(code) = &answer.code else {
            return refused("GitHub sent no code: open the page that the terminal told of again.");
        };
        let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return refused("This was answered already: the terminal tells how it went.");
        };
        let made = self.desk.make(code).await;
        let page = match &made {
            Ok(made) => Page { status: StatusCode::OK, html: page::made(made) },
            Err(error) => Page { status: StatusCode::BAD_GATEWAY, html: page::wrong(&format!("{error:#}")) },
        };
        // Nobody waits any more only after Ctrl-C.
        let _ = done.send(made);
        page
    }
}
