//! `pointsman recover`: what would be recovered, and with `--apply` the same run as the server makes by itself.

use std::{
    io::{self, IsTerminal as _},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Result, bail};
use jiff::Timestamp;
use pointsman_core::rules::Rules;
use pointsman_env::SystemClock;
use pointsman_github::Pace;
use pointsman_recover::{Action, Ask, Item, Pipeline, Ran, Report, Sweep, Tally};

use super::events::since;
use crate::{
    commands::serve::told,
    context::Context,
    print::{self, BAD, BOLD, DIM, DOUBT},
    recovery::{Terms, Tools, name},
    store::{Store, secrets},
};

/// Words of `recover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look back so far, such as 2h or a time in RFC 3339 [default: to where the last run came]
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Also what GitHub handed over and is not here: after a restore of a backup, say
    #[arg(long)]
    missing: bool,
    /// Do it; without this, what would be done is shown
    #[arg(long)]
    apply: bool,
}

/// Does it. It is one run at a time: the server's own counts too.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let loaded = context.loader(None).load().await.map_err(told)?;
    let secrets = secrets(&loaded.config, loaded.secrets.clone()).await?;
    if loaded.config.is_azure() {
        loaded.config.azure_places()?;
    }
    if loaded.config.is_aws() {
        // Before a secret is asked for.
        loaded.config.aws_places()?;
    }
    let rules = Rules::load(&loaded.config, &*secrets).await?;
    let store = Store::open(&loaded.config, "pointsman recover").await?;
    let clock = Arc::new(SystemClock);
    let (archive, ledger) = (store.archive.clone(), store.ledger.clone());
    let pipeline = Pipeline { ledger, archive, clock: clock.clone(), inline: store.inline };
    let tools = Tools {
        archive: store.archive.clone(),
        records: store.records.clone(),
        pipeline,
        http: Arc::new(pointsman_http::Client::default()),
        secrets,
        clock,
        pace: Pace::default(),
    };
    let mut recover = tools.hire(&Terms::asked(&loaded.config), name("pointsman recover"))?;
    let progress = Arc::new(Progress::default());
    let seen = progress.clone();
    recover.watch = Some(Arc::new(move |sweep, done, of| seen.step(sweep, done, of)));
    let ran = recover.run(&rules, Ask { since: args.since, missing: args.missing, apply: args.apply }).await;
    progress.end();
    store.close().await?;
    match ran? {
        Ran::Done(report) => {
            print::result(context.json, &*report, || shown(&report))?;
            if report.faults.is_empty() {
                Ok(())
            } else {
                bail!("not everything could be looked at; run it again")
            }
        }
        Ran::Held(by) => bail!(
            "another run is under way: {}, since {}; it ends by itself, or its claim does at {}. Without --apply you can \
             look meanwhile",
            by.name,
            print::time(by.since),
            print::time(by.until)
        ),
    }
}

fn shown(report: &Report) -> String {
    let mut text = String::new();
    if !report.items.is_empty() {
        let rows: Vec<_> = report.items.iter().map(|item| cells(item, report.applied)).collect();
        text = print::table(&["sweep", "what", "source", "delivery", "event", "queues", "why"], &rows);
        if report.more > 0 {
            text.push_str(&format!("{DIM}and {} more{DIM:#}\n", report.more));
        }
        text.push('\n');
    }
    for (sweep, tally) in report.tallies() {
        text.push_str(&format!("{BOLD}{:<9}{BOLD:#} {}\n", sweep.label(), counts(tally, report.applied)));
    }
    for note in &report.notes {
        text.push_str(&format!("{DOUBT}note{DOUBT:#}      {}\n", print::clean(note)));
    }
    for fault in &report.faults {
        text.push_str(&format!("{BAD}failed{BAD:#}    {}\n", print::clean(fault)));
    }
    if !report.applied && report.tallies().iter().any(|(_, tally)| tally.recovered() > 0) {
        text.push_str("\nNothing was done. `pointsman recover --apply` does it.\n");
    }
    text
}

fn cells(item: &Item, applied: bool) -> Vec<String> {
    let event = if item.event.is_empty() { "-".into() } else { item.event.clone() };
    let queues = if item.queues.is_empty() { "-".into() } else { item.queues.join(", ") };
    vec![
        item.sweep.label().into(),
        word(item.action, applied).into(),
        item.source.clone(),
        item.delivery.clone(),
        event,
        queues,
        item.why.as_deref().map(|why| print::cut(why, 120)).unwrap_or_default(),
    ]
}

/// What was done, or would be.
fn word(action: Action, applied: bool) -> &'static str {
    match (action, applied) {
        (Action::Redelivered, true) => "redelivered",
        (Action::Redelivered, false) => "redeliver",
        (Action::Fetched, true) => "fetched",
        (Action::Fetched, false) => "fetch",
        (Action::Sent, true) => "sent",
        (Action::Sent, false) => "send",
        (Action::Rerouted, true) => "rerouted",
        (Action::Rerouted, false) => "reroute",
        (Action::Waiting, _) => "waiting",
        (Action::Failing, _) => "failing",
        (Action::Lost, _) => "lost",
    }
}

/// Those that are not none.
fn counts(tally: Tally, applied: bool) -> String {
    let counts = [
        (tally.redelivered, word(Action::Redelivered, applied)),
        (tally.fetched, word(Action::Fetched, applied)),
        (tally.sent, word(Action::Sent, applied)),
        (tally.rerouted, word(Action::Rerouted, applied)),
        (tally.waiting, "waiting"),
        (tally.failing, "failing"),
        (tally.lost, "lost"),
        (tally.skipped, "skipped: not wanted, or here all the same"),
    ];
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let text = some.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing to do".into() } else { text }
}

/// One line on a terminal's stderr, gone at the end.
#[derive(Default)]
struct Progress(Mutex<Option<(Sweep, Instant)>>);

impl Progress {
    fn step(&self, sweep: Sweep, done: u64, of: Option<u64>) {
        if !io::stderr().is_terminal() {
            return;
        }
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Deliveries to be asked for are counted anew after the list was read.
        if begun.is_none_or(|(known, _)| known != sweep) || done == 0 {
            *begun = Some((sweep, Instant::now()));
        }
        let spent = begun.map_or(0, |(_, at)| at.elapsed().as_secs());
        let label = sweep.label();
        match of {
            Some(of) if done > 0 => {
                let left = spent * of.saturating_sub(done) / done;
                eprint!("\r\x1b[K{label}: {done} of {of}, {left} s left ...");
            }
            Some(of) => eprint!("\r\x1b[K{label}: {done} of {of} ..."),
            None => eprint!("\r\x1b[K{label}: {done} looked at ..."),
        }
    }

    fn end(&self) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let item = |sweep, action, queues: &[&str], why: Option<&str>| Item {
            sweep,
            action,
            source: "github".into(),
            delivery: "13cfa000".into(),
            event: "issues.opened".into(),
            queues: queues.iter().map(|it| (*it).to_owned()).collect(),
            why: why.map(str::to_owned),
        };
        Report {
            unrouted: Tally { rerouted: 1, ..Tally::default() },
            github: Tally { redelivered: 1, lost: 1, skipped: 3, ..Tally::default() },
            items: vec![
                item(Sweep::Unrouted, Action::Rerouted, &["bot"], None),
                item(Sweep::Github, Action::Redelivered, &[], None),
                item(Sweep::Github, Action::Lost, &[], Some("GitHub has it no more")),
            ],
            ..Report::default()
        }
    }

    #[test]
    fn a_dry_run_says_what_would_be_done_and_how() {
        let text = anstream::adapter::strip_str(&shown(&report())).to_string();
        let expected = "\
sweep     what       source  delivery  event          queues  why
unrouted  reroute    github  13cfa000  issues.opened  bot
github    redeliver  github  13cfa000  issues.opened  -
github    lost       github  13cfa000  issues.opened  -       GitHub has it no more

unrouted  1 reroute
stored    nothing to do
github    1 redeliver, 1 lost, 3 skipped: not wanted, or here all the same

Nothing was done. `pointsman recover --apply` does it.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_run_says_what_was_done_and_what_was_strange() {
        let notes = vec!["the clock was set back".into()];
        let faults = vec!["github: a limit".into()];
        let report = Report { applied: true, items: Vec::new(), notes, faults, ..report() };
        let text = anstream::adapter::strip_str(&shown(&report)).to_string();
        let expected = "\
unrouted  1 rerouted
stored    nothing to do
github    1 redelivered, 1 lost, 3 skipped: not wanted, or here all the same
note      the clock was set back
failed    github: a limit
";
        assert_eq!(text, expected);
    }
}
