//! From a plan to what one release branch proposes. Pure.

use std::collections::BTreeMap;

use pointsman_core::release::{
    Settings,
    changelog::Links,
    plan::{Plan, Release},
    proposal::{self, Due, Input, Proposal},
};
use semver::Version;

use crate::{
    desk::Orders,
    gather::{Ground, Lane},
};

/// A proposal, and the files that it writes.
pub(crate) struct Proposed<'p> {
    pub proposal: Proposal,
    pub files: Vec<(&'p str, &'p str)>,
}

/// What this release branch should propose; `None` = nothing is due on it.
pub(crate) fn propose<'p>(
    ground: &Ground,
    lane: &Lane,
    plan: &'p Plan,
    orders: &Orders,
    links: &Links,
) -> Option<Proposed<'p>> {
    let releases: Vec<&Release> =
        plan.releases.iter().filter(|release| lane.has(release.component.as_deref())).collect();
    if releases.is_empty() {
        return None;
    }
    let changelogs = changelogs(&ground.settings);
    let due: Vec<Due<'_>> = releases
        .iter()
        .map(|release| Due {
            component: release.component.as_deref(),
            current: release.current.as_ref(),
            next: &release.next,
            bump: release.bump,
            tag: &release.tag,
            changelog: &release.changelog,
            changelog_file: changelogs.get(&release.component).and_then(Option::as_deref),
        })
        .collect();
    let files = files(&releases);
    let marker = lane.marker();
    let mut set = wishes(lane, orders);
    set.retain(|component, version| is_followed(plan, component.as_ref(), version));
    let notes = lane.open().and_then(|pull| proposal::notes(pull.body.as_deref()?));
    let input = Input {
        target: &ground.target,
        component: lane.component.as_deref(),
        base: &ground.head,
        releases: &due,
        files: &files,
        set: &set,
        hold: !orders.rebuild && orders.hold.unwrap_or(marker.is_some_and(|marker| marker.hold)),
        notes: notes.as_deref(),
        links: Some(links),
    };
    let proposal = Proposal { branch: lane.branch.clone(), ..proposal::propose(&input, &ground.settings) };
    Some(Proposed { proposal, files })
}

/// The versions that people set here: by the open pull request's marker, and by what was asked for just now.
pub(crate) fn wishes(lane: &Lane, orders: &Orders) -> BTreeMap<Option<String>, Version> {
    let mut set = lane.marker().map(|marker| marker.set).unwrap_or_default();
    set.extend(orders.set.clone());
    set
}

/// Whether the plan gives this component (or without one every release) the version that was set.
pub(crate) fn is_followed(plan: &Plan, component: Option<&String>, version: &Version) -> bool {
    let concerned = |release: &&Release| component.is_none() || release.component.as_ref() == component;
    let mut releases = plan.releases.iter().filter(concerned).peekable();
    releases.peek().is_some() && releases.all(|release| release.next == *version)
}

/// Every file once, by path: of two releases that write the same one, the later saw the earlier's.
fn files<'p>(releases: &[&'p Release]) -> Vec<(&'p str, &'p str)> {
    let all = releases.iter().flat_map(|release| &release.files);
    let by_path: BTreeMap<&str, &str> =
        all.map(|change| (change.path.as_str(), change.content.as_str())).collect();
    by_path.into_iter().collect()
}

fn changelogs(settings: &Settings) -> BTreeMap<Option<String>, Option<String>> {
    settings.parts().into_iter().map(|part| (part.component, part.changelog)).collect()
}
