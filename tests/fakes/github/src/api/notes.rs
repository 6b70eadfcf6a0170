//! Release notes as GitHub generates them: the pull requests that came since the last release.

use pointsman_core::release::Sha;
use serde_json::json;

use crate::{
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    state::{Repo, World},
};

pub(super) const OPERATIONS: &[Operation] =
    &[op("POST", "/repos/{owner}/{repo}/releases/generate-notes", "contents:write", notes)];

fn notes(world: &mut World, call: &Call) -> Answer {
    let tag = call
        .text("tag_name")
        .ok_or_else(|| refuse(422, "Invalid request.\n\n\"tag_name\" wasn't supplied."))?;
    let (target, previous) = (call.text("target_commitish"), call.text("previous_tag_name"));
    let (name, body) = generate(world, &call.repo(), tag, target, previous)?;
    Ok(Reply::ok(json!({ "name": name, "body": body })))
}

/// Their title and text.
pub(super) fn generate(
    world: &World,
    key: &str,
    tag: &str,
    target: Option<&str>,
    previous: Option<&str>,
) -> Result<(String, String), Refusal> {
    let repo = world.repo(key)?;
    let head = match repo.resolve(&format!("refs/tags/{tag}"))? {
        Some(head) => head,
        None => repo.resolve(target.unwrap_or(""))?.ok_or_else(not_found)?,
    };
    let last =
        previous.map(str::to_owned).or_else(|| super::releases::latest_of(repo).map(|it| it.tag.clone()));
    let last = last.filter(|last| last != tag);
    let since: Option<Sha> = match &last {
        Some(last) => repo.resolve(&format!("refs/tags/{last}"))?,
        None => None,
    };
    let commits = match &since {
        Some(since) => repo.git.between(since, &head)?.ahead,
        None => repo.git.history(&head)?,
    };
    let web = format!("{}/{}", world.site.web, repo.full_name());
    let mut lines = Vec::new();
    let mut new = Vec::new();
    for issue in repo.issues.values() {
        if let Some(merged) = issue.pull.as_ref().and_then(|pull| pull.merged.as_ref())
            && commits.contains(&merged.commit)
        {
            lines.push(format!("* {} by @{} in {web}/pull/{}", issue.title, issue.user, issue.number));
            if first_of(repo, &issue.user) == Some(issue.number) {
                let login = &issue.user;
                new.push(format!("* @{login} made their first contribution in {web}/pull/{}", issue.number));
            }
        }
    }
    let mut body = String::new();
    if !lines.is_empty() {
        body = format!("## What's Changed\n{}\n\n", lines.join("\n"));
    }
    if !new.is_empty() {
        body += &format!("## New Contributors\n{}\n\n", new.join("\n"));
    }
    body += &match last {
        Some(last) => format!("**Full Changelog**: {web}/compare/{last}...{tag}"),
        None => format!("**Full Changelog**: {web}/commits/{tag}"),
    };
    Ok((tag.to_owned(), body))
}

/// The pull request of a person's that was merged before all others of theirs.
fn first_of(repo: &Repo, login: &str) -> Option<u64> {
    let theirs = repo.issues.values().filter(|issue| issue.user == login);
    let merged = theirs.filter_map(|issue| Some((issue.pull.as_ref()?.merged.as_ref()?.at, issue.number)));
    merged.min().map(|(_, number)| number)
}
