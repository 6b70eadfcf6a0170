//! What a batch came to, for those who watch, count and test.

use pointsman_core::{
    outcome::{Handled, Outcome},
    port::PortError,
    telemetry::PASSES,
};
use pointsman_github::Refusal;

use crate::decide::Move;

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Each release branch that was looked at.
    pub lines: Vec<Line>,
    /// Comments that were answered.
    pub answered: usize,
    /// Previews that were written or brought up to date.
    pub previewed: usize,
}

/// One release branch, or a target on which there was none to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The target branch.
    pub target: String,
    /// The release branch.
    pub branch: Option<String>,
    /// Its pull request.
    pub pull: Option<u64>,
    /// What was done.
    pub ended: Ended,
}

/// How a look at a target, or at one of its release branches, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There is no such branch.
    Gone,
    /// It is not released.
    NotATarget,
    /// Its settings are broken, and none were in force before.
    SettingsBroken,
    /// What is merged is released first.
    Settling,
    /// A move, mostly none.
    Moved(Move),
}

impl Ended {
    /// As a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::NotATarget => "no_target",
            Self::SettingsBroken => "settings_broken",
            Self::Settling => "settling",
            Self::Moved(Move::Nothing) => "nothing_due",
            Self::Moved(Move::Unchanged) => "unchanged",
            Self::Moved(Move::Held) => "held",
            Self::Moved(Move::Keep) => "kept",
            Self::Moved(Move::Close) => "closed",
            Self::Moved(Move::Open) => "opened",
            Self::Moved(Move::Move) => "moved",
            Self::Moved(Move::Retouch) => "retouched",
        }
    }
}

impl Report {
    /// Adds what a pass came to.
    pub(crate) fn add(&mut self, lines: Vec<Line>) {
        for line in &lines {
            count(line.ended.label());
            tracing::info!(
                target_branch = line.target,
                pull = line.pull,
                result = line.ended.label(),
                "{}: {}",
                line.branch.as_ref().unwrap_or(&line.target),
                line.ended.label()
            );
        }
        self.lines.extend(lines);
    }
}

/// Nothing was to be done.
pub(crate) fn skipped(why: &str) -> Handled<Report> {
    Ok(Outcome::Skipped(why.into()))
}

/// What no second try changes is refused at once, with its reason.
pub(crate) fn ended(result: Result<Report, PortError>) -> Handled<Report> {
    let error = match result {
        Ok(report) => return Ok(Outcome::Done(report)),
        Err(error) => error,
    };
    count("failed");
    Refusal::settled(error)
}

fn count(result: &'static str) {
    PASSES.add([result], 1);
}
