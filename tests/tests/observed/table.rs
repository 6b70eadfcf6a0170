//! docs/observability.md and the sources say the same: fields, outcomes, levels, reasons of a line, and what else is said of events.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use pointsman_core::handling::{Ending, Work};
use pointsman_tests::{house::root, source::under};
use regex::Regex;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

/// Where it is decided what becomes of an event.
const DECIDED: [&str; 7] = [
    "shared/core/src/attempts.rs",
    "shared/core/src/handed/",
    "shared/core/src/word.rs",
    "shared/core/src/invocation/webhook.rs",
    "shared/hosts/worker/src/",
    "shared/hosts/lambda/src/queue/",
    "shared/hosts/azfunc/src/queue/",
];

fn page() -> String {
    fs::read_to_string(root().join("docs/observability.md")).unwrap()
}

/// The rows of the table whose first heading this is: the words in backticks of the first cell, and the other cells.
fn table(page: &str, heading: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let rows = page.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |"))).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (quoted(cells[0]), cells[1..].iter().map(|cell| (*cell).to_owned()).collect())
        })
        .collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The sources of what is decided, as text without tests.
fn decided() -> Vec<String> {
    let sources = under(&["shared"]).into_iter();
    let decides = sources.filter(|source| DECIDED.iter().any(|place| source.path.starts_with(place)));
    let texts: Vec<String> = decides
        .filter(|source| !source.path.contains("/tests"))
        .map(|source| source.text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())
        .collect();
    assert!(texts.len() > 8, "the sources were not found");
    texts
}

#[derive(Clone, Default)]
struct Names(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber> Layer<S> for Names {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let names = event.metadata().fields().iter().map(|field| field.name().to_owned());
        self.0.lock().unwrap().extend(names);
    }
}

#[test]
fn every_field_of_a_line_is_documented_and_every_one_documented_is_written() {
    let names = Names::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(names.clone()), || {
        Work::default().ended(&Ending::good("done"), Duration::ZERO);
    });
    let written = names.0.lock().unwrap().clone();
    let documented: BTreeSet<String> =
        table(&page(), "field").into_iter().flat_map(|(names, _)| names).collect();
    assert!(written.len() > 8, "nothing was written");
    assert_eq!(documented, written);
}

#[test]
fn every_outcome_is_documented_with_its_level_and_every_one_documented_is_written() {
    let ending = Regex::new(r#"Ending::(?:good\(|new\(\s*Level::(\w+),)\s*"(\w+)""#).unwrap();
    let mut written = BTreeMap::new();
    for text in decided() {
        for found in ending.captures_iter(&text) {
            let level = found.get(1).map_or("info".to_owned(), |level| level.as_str().to_lowercase());
            written.insert(found[2].to_owned(), level);
        }
        let others = text.matches("Ending::good(").count() + text.matches("Ending::new(").count();
        assert_eq!(
            ending.find_iter(&text).count(),
            others,
            "an outcome is a literal where it is made:\n{text}"
        );
    }
    let mut documented = BTreeMap::new();
    for (names, cells) in table(&page(), "outcome") {
        let levels: Vec<&str> = cells[0].split(", ").collect();
        for (nth, name) in names.into_iter().enumerate() {
            documented.insert(name, levels.get(nth).unwrap_or(&levels[0]).to_string());
        }
    }
    assert!(written.len() > 8, "nothing was found");
    assert_eq!(documented, written);
}

#[test]
fn whatever_else_is_said_of_events_is_documented() {
    let said = Regex::new(r#"(?s)\b(info|warn|error)!\(([^;]*?)"([^"]+)"\s*,?\s*\)"#).unwrap();
    let page = page();
    let line = page.lines().find(|line| line.starts_with("Beside these")).unwrap();
    let documented: BTreeSet<String> =
        quoted(line).into_iter().filter(|text| text.contains(' ') && !text.starts_with("panicked")).collect();
    let mut written = BTreeSet::new();
    for text in decided() {
        written.extend(said.captures_iter(&text).map(|found| found[3].to_owned()));
    }
    // Of the queue as a whole, not of an event.
    written.retain(|text| {
        !["nothing could be received", "a lane was lost; its messages come again"].contains(&&**text)
    });
    assert_eq!(documented, written);
}
