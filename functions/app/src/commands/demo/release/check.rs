//! What the release must come to, and what it did not.

use pointsman_core::release::Sha;
use serde_json::Value;

use super::{NEXT, OURS, Released, is_ours, list};
use crate::sample::{FEATURES, RELEASED};

/// Empty = one pull request, one tag, one release, of the right version, with all changes and all files.
pub fn wrong(released: &Released, end: &Value, merge: Option<&Sha>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    let tag = format!("v{NEXT}");
    let pulls: Vec<_> = released.pull_requests.iter().map(|it| it.title.as_str()).collect();
    must(pulls == [format!("chore(main): release {NEXT}")], format!("release pull requests: {pulls:?}"));
    let ever = list(end, "pulls").filter(|pull| is_ours(pull)).count();
    must(ever == 1, format!("there were {ever} release pull requests in all"));
    let tags: Vec<_> = released.tags.iter().map(|it| (it.name.as_str(), it.sha.as_str())).collect();
    let merge = merge.map(ToString::to_string).unwrap_or_default();
    must(tags == [(tag.as_str(), merge.as_str())], format!("new tags: {tags:?}, merged as {merge:?}"));
    let releases: Vec<_> = released.releases.iter().map(|it| (it.tag.as_str(), it.draft)).collect();
    must(releases == [(tag.as_str(), false)], format!("new releases (tag, draft): {releases:?}"));
    let paths: Vec<_> = released.files.iter().map(|it| it.path).collect();
    must(paths == RELEASED, format!("files changed: {paths:?}"));
    for file in &released.files {
        must(file.text.contains(NEXT), format!("{} does not name {NEXT}", file.path));
    }
    let told = released.pull_requests.iter().map(|it| ("pull request", &it.body));
    for (what, body) in told.chain(released.releases.iter().map(|it| ("release", &it.body))) {
        for feature in &FEATURES {
            let change = feature.title.split_once(": ").map_or(feature.title, |(_, change)| change);
            let times = body.matches(change).count();
            must(times == 1, format!("the {what} names {change:?} {times} times"));
        }
    }
    let mut refs = end["refs"].as_object().into_iter().flatten();
    let left = refs.any(|(name, _)| name.contains(OURS));
    must(!left, "the release branch is still there".into());
    wrong
}
