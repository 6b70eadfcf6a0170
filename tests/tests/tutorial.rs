//! docs/releases.md says what the code does: the App's permissions and events, the commands, the names of settings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, fs};

use pointsman_core::{
    config,
    release::{command, settings},
};
use pointsman_github::PERMISSIONS;
use pointsman_tests::house::root;
use serde_json::Value;

fn page() -> String {
    fs::read_to_string(root().join("docs/releases.md")).unwrap()
}

/// The tables' rows below a heading, up to the next one: each a list of its cells.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, below) = page.split_once(&format!("{heading}\n")).unwrap_or_else(|| panic!("no `{heading}`"));
    let lines = below.lines().take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| "));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    lines.map(cells).collect()
}

/// What stands in backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// What stands in the first cell's backticks, with the second cell.
fn named(rows: &[Vec<String>]) -> BTreeSet<(&str, &str)> {
    rows.iter().flat_map(|row| code(&row[0]).map(|name| (name, row[1].as_str()))).collect()
}

#[test]
fn the_app_of_the_tutorial_is_the_one_that_the_code_needs() {
    let server = "sources: { github: { secrets: [\"env:A\"], app: { id: 1, private_key: \"env:K\" } } }\n\
                  release: { enabled: true }\n";
    let subscriptions = config::parse(server).unwrap().config.all_subscriptions();
    let events: BTreeSet<&str> =
        subscriptions.iter().flat_map(|it| &it.events).filter_map(|event| event.split('.').next()).collect();
    let page = page();
    let rows = rows(&page, "### What the App may, and what it hears of");
    let (permissions, told): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.len() == 3);
    assert_eq!(named(&permissions), PERMISSIONS.iter().copied().collect());
    assert_eq!(named(&told).into_iter().map(|(event, _)| event).collect::<BTreeSet<_>>(), events);
}

#[test]
fn the_commands_are_those_that_help_tells() {
    assert!(page().contains(command::HELP), "docs/releases.md has not:\n{}", command::HELP);
}

#[test]
fn every_setting_that_stands_for_another_tools_is_one() {
    let (page, schema) = (page(), settings::schema());
    let rows = rows(&page, "## Coming from release-please");
    let here: Vec<&str> = rows.iter().skip(1).flat_map(|row| code(&row[1])).collect();
    assert!(here.len() > 20, "{here:?}");
    let key = |text: &&&str| text.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.'));
    let unknown: Vec<_> = here.iter().filter(key).filter(|path| !is_key(&schema, path)).collect();
    assert!(unknown.is_empty(), "no settings: {unknown:?}");
    assert!(!is_key(&schema, "components.groop") && !is_key(&schema, "pull_request.title.x"));
}

/// Whether there is such a key under `release`; what stands by name (`components`) has the keys of one.
fn is_key(schema: &Value, path: &str) -> bool {
    let mut at = &schema["$defs"]["Settings"];
    for key in path.split('.') {
        let Some(property) = at["properties"].get(key) else { return false };
        let held = property.get("additionalProperties").unwrap_or(property);
        let definition = held["$ref"].as_str().and_then(|it| schema.pointer(it.strip_prefix('#')?));
        at = definition.unwrap_or(held);
    }
    true
}
