//! `template.yaml` keeps its rules: rights, queues, data, alarms. That CloudFormation would take it is for `scripts/template`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alarms;
mod data;
mod functions;
mod page;
mod queues;
mod rights;

use std::fs;

use pointsman_tests::{house::root, template::Template};

/// The whole of Pointsman.
fn template() -> Template {
    read("template.yaml")
}

/// A subscription's queue, beside it.
fn subscription() -> Template {
    read("infra/aws/queue.yaml")
}

/// A firewall before it.
fn front() -> Template {
    read("infra/aws/cloudfront.yaml")
}

fn read(path: &str) -> Template {
    Template::parse(&fs::read_to_string(root().join(path)).unwrap())
}

/// `ReleaseOrchestrator` as `release-orchestrator`.
fn stage(name: &str) -> String {
    let dashed =
        name.chars().map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.to_string() });
    dashed.collect::<String>().trim_start_matches('-').to_owned()
}

#[track_caller]
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}
