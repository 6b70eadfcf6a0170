//! infra/azure keeps its rules: rights, queues, data, alarms. That Terraform would take it is for scripts/template.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
mod data;
mod functions;
mod queues;
mod rights;

use std::sync::LazyLock;

use pointsman_tests::hcl::Terraform;

/// Read once: python-hcl2 takes its time.
fn terraform() -> &'static Terraform {
    static FILES: LazyLock<Terraform> = LazyLock::new(|| Terraform::read("infra/azure"));
    &FILES
}

#[track_caller]
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}
