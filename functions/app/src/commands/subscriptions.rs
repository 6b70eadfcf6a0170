//! `pointsman subscriptions list|test`: who wants what, and why an event would or would not go there.

use anyhow::Result;
use clap::Subcommand;
use jiff::Timestamp;
use pointsman_core::{
    config::Subscription,
    event::Event,
    pipeline::{self, Request},
    route::Verdict,
};
use serde::Serialize;

use super::send::{fresh_id, read, sample};
use crate::{
    context::Context,
    print::{self, BAD, GOOD},
};

/// Words of `subscriptions`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Every subscription with its rule and its queue
    List,
    /// Why each subscription would want this event, or would not; nothing is sent
    Test(Test),
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
        Action::List => {
            let all = context.config()?.shown_subscriptions();
            print::result(context.json, &all, || shown(&all))
        }
        Action::Test(args) => test(args, context).await,
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

fn shown(all: &[Subscription]) -> String {
    if all.is_empty() {
        return "There is no subscription.\n".into();
    }
    let cells = |it: &Subscription| {
        let list = |patterns: &[String]| if patterns.is_empty() { "any".into() } else { patterns.join(", ") };
        vec![
            it.name.clone(),
            list(&it.events),
            it.source.clone().unwrap_or_else(|| "any".into()),
            list(&it.repositories),
            it.when.clone().unwrap_or_else(|| "always".into()),
            it.session.clone().unwrap_or_default(),
            it.queue().to_owned(),
            it.concurrency.unwrap_or(1).to_string(),
        ]
    };
    let headings = ["name", "events", "source", "repositories", "when", "session", "queue", ">concurrency"];
    print::table(&headings, &all.iter().map(cells).collect::<Vec<_>>())
}
