//! `pointsman subscriptions list|test|pause|resume`: who wants what, why an event would or would not go there, and
//! whether anything is handed out.

mod list;
mod pause;

use anyhow::Result;
use clap::Subcommand;
use jiff::Timestamp;
use pointsman_core::{
    event::Event,
    pipeline::{self, Request},
    route::Verdict,
};
use serde::Serialize;

use crate::{
    commands::send::{fresh_id, read, sample},
    context::Context,
    print::{self, BAD, GOOD},
};

/// Words of `subscriptions`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Every subscription with its rule, its queue and whether that is paused
    List,
    /// Why each subscription would want this event, or would not; nothing is sent
    Test(Test),
    /// Hand nothing of its queue out until it is resumed; what comes in waits, in order
    Pause(Named),
    /// Hand out again
    Resume(Named),
}

/// Words of `subscriptions pause` and `resume`.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The subscription's name
    name: String,
}

/// Words of `subscriptions test`.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The payload: a JSON file, or - for stdin
    file: String,
    /// The event's name, as GitHub sends it in X-GitHub-Event, such as push or issues
    #[arg(long, value_name = "E")]
    event: String,
    /// The source that it would come in by
    #[arg(long, value_name = "NAME", default_value = "github")]
    source: String,
}

#[derive(Serialize)]
struct Tested<'a> {
    event: &'a Event,
    subscriptions: &'a [Verdict],
}

/// Does it.
pub async fn run(action: Action, context: &Context) -> Result<()> {
    match action {
        Action::List => list::run(context).await,
        Action::Test(args) => test(args, context).await,
        Action::Pause(Named { name }) => pause::run(&name, true, context).await,
        Action::Resume(Named { name }) => pause::run(&name, false, context).await,
    }
}

async fn test(args: Test, context: &Context) -> Result<()> {
    let rules = context.rules().await?;
    let config = context.config()?;
    let (headers, body) = sample(&config, &args.source, &args.event, &fresh_id(), read(&args.file)?)?;
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let request = Request { source: args.source, headers, body, peer };
    let (event, verdicts) = pipeline::explain(&request, &rules, Timestamp::now())?;
    let tested = Tested { event: &event, subscriptions: &verdicts };
    print::result(context.json, &tested, || told(&event, &verdicts))
}

fn told(event: &Event, verdicts: &[Verdict]) -> String {
    let subject = event.subject.as_ref().map(|subject| format!(" on {subject}")).unwrap_or_default();
    let mut text = print::clean(&format!("{}{subject} from {}", event.r#type, event.source));
    text.push('\n');
    if verdicts.is_empty() {
        text.push_str("There is no subscription: the event would be archived only.\n");
    }
    for verdict in verdicts {
        let (style, mark) = if verdict.matches { (GOOD, "yes") } else { (BAD, "no ") };
        let session =
            verdict.session.as_ref().map(|session| format!(", session {session}")).unwrap_or_default();
        let goes =
            if verdict.matches { format!(" -> queue {}{session}", verdict.queue) } else { String::new() };
        let because = print::clean(&verdict.because);
        text.push_str(&format!("{style}{mark}{style:#} {}{goes}: {because}\n", verdict.subscription));
    }
    text
}
