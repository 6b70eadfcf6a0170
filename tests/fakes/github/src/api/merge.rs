//! Merging a pull request: a merge commit, a squash or a rebase, made by git's own merge.

use pointsman_core::release::Sha;
use serde_json::json;

use super::commits::web_flow;
use crate::{
    effects::{RefMove, close, move_refs},
    git::Commit,
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    state::{Merged, World},
};

pub(super) const OPERATIONS: &[Operation] = &[
    op("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:write", merge),
    op("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:read", merged),
];

fn merged(world: &mut World, call: &Call) -> Answer {
    let (_, pull) = world.repo(&call.repo())?.pull(call.number("pull_number"))?;
    if pull.merged.is_some() { Ok(Reply::no_content()) } else { Err(not_found()) }
}

/// The merge that would be, remembered until base or head move.
pub(super) fn try_merge(world: &mut World, key: &str, number: u64) -> Result<Option<Sha>, Refusal> {
    let author = web_flow(world);
    let repo = world.repo_mut(key)?;
    let git = repo.git.clone();
    let (issue, pull) = repo.pull(number)?;
    if let Some((base, head, merge)) = &pull.trial
        && *base == pull.base
        && *head == pull.head
    {
        return Ok(merge.clone());
    }
    if !issue.open {
        return Ok(None);
    }
    let (base, head) = (pull.base.clone(), pull.head.clone());
    let merge = match git.merge_trees(None, &base, &head)? {
        None => None,
        Some(tree) => Some(git.write_commit(Commit {
            tree,
            parents: vec![base.clone(), head.clone()],
            author: author.clone(),
            committer: author,
            message: format!("Merge {head} into {base}"),
            generation: 0,
        })?),
    };
    repo.pull_mut(number)?.trial = Some((base, head, merge.clone()));
    Ok(merge)
}

fn merge(world: &mut World, call: &Call) -> Answer {
    let (key, number, login) = (call.repo(), call.number("pull_number"), call.login());
    let (issue, pull) = world.repo(&key)?.pull(number)?;
    if pull.merged.is_some() || !issue.open || pull.draft {
        return Err(refuse(405, "Pull Request is not mergeable"));
    }
    if call.text("sha").is_some_and(|sha| sha != pull.head.as_str()) {
        return Err(refuse(409, "Head branch was modified. Review and try the merge again."));
    }
    let method = call.text("merge_method").unwrap_or("merge");
    let title = call.text("commit_title").map(str::to_owned);
    let message = call.text("commit_message").map(str::to_owned);
    let sha = merge_pull(world, &key, number, method, title, message, &login)?;
    Ok(Reply::ok(json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

/// Merges an open pull request, and gives the commit that the base then is at.
pub(crate) fn merge_pull(
    world: &mut World,
    key: &str,
    number: u64,
    method: &str,
    title: Option<String>,
    message: Option<String>,
    login: &str,
) -> Result<Sha, Refusal> {
    let unmergeable = || refuse(405, "Pull Request is not mergeable");
    let trial = try_merge(world, key, number)?.ok_or_else(unmergeable)?;
    let (author, committer, now) = (super::bot_signature(world, login), web_flow(world), world.now);
    let repo = world.repo(key)?;
    let (issue, pull) = repo.pull(number)?;
    let (base, head, branch) = (pull.base.clone(), pull.head.clone(), pull.base_ref.clone());
    let tree = repo.git.commit(&trial)?.ok_or_else(unmergeable)?.tree.clone();
    let owner = pull.head_repo.split('/').next().unwrap_or("");
    let commit = |parents, message| Commit {
        tree: tree.clone(),
        parents,
        author: author.clone(),
        committer: committer.clone(),
        message,
        generation: 0,
    };
    let text = |title: String, message: String| {
        if message.is_empty() { title } else { format!("{title}\n\n{message}") }
    };
    let sha = match method {
        "squash" => {
            let ahead = repo.git.between(&base, &head)?.ahead;
            let (own, own_message) = squash_text(repo, issue, &ahead)?;
            let text = text(title.unwrap_or(own), message.unwrap_or(own_message));
            repo.git.write_commit(commit(vec![base], text))?
        }
        "rebase" => rebase(world, key, &base, &head)?.ok_or_else(unmergeable)?,
        _ => {
            let own = format!("Merge pull request #{number} from {owner}/{}", pull.head_ref);
            let text = text(title.unwrap_or(own), message.unwrap_or_else(|| issue.title.clone()));
            repo.git.write_commit(commit(vec![base, head.clone()], text))?
        }
    };
    let repo = world.repo_mut(key)?;
    if method != "rebase" {
        repo.signed.insert(sha.clone());
    }
    repo.pull_mut(number)?.merged = Some(Merged { at: now, by: login.into(), commit: sha.clone() });
    close(world, key, number, login)?;
    // `base.sha` of a merged pull request stays what it was.
    move_refs(world, key, &[RefMove { name: format!("refs/heads/{branch}"), to: Some(sha.clone()) }], login)?;
    Ok(sha)
}

/// GitHub's default: one commit's own words, else the title with the number, and a list of the commits.
fn squash_text(
    repo: &crate::state::Repo,
    issue: &crate::state::Issue,
    ahead: &[Sha],
) -> Result<(String, String), Refusal> {
    let titled = |title: &str| format!("{title} (#{})", issue.number);
    let mut messages = Vec::new();
    for sha in ahead.iter().rev() {
        messages.extend(repo.git.commit(sha)?.map(|commit| commit.message.trim_end().to_owned()));
    }
    if let [one] = &messages[..] {
        let (title, body) = one.split_once('\n').unwrap_or((one, ""));
        return Ok((titled(title), body.trim_start().to_owned()));
    }
    let list: Vec<_> = messages.iter().map(|message| format!("* {message}")).collect();
    Ok((titled(&issue.title), list.join("\n\n")))
}

/// Each commit again, on top of the base; merges are left out. `None` = one of them conflicts.
fn rebase(world: &World, key: &str, base: &Sha, head: &Sha) -> Result<Option<Sha>, Refusal> {
    let (git, committer) = (&world.repo(key)?.git, web_flow(world));
    let mut tip = base.clone();
    for sha in git.between(base, head)?.ahead.iter().rev() {
        let Some(commit) = git.commit(sha)? else { continue };
        let [parent] = &commit.parents[..] else { continue };
        let Some(tree) = git.merge_trees(Some(parent), &tip, sha)? else { return Ok(None) };
        let again =
            Commit { tree, parents: vec![tip], committer: committer.clone(), ..commit.as_ref().clone() };
        tip = git.write_commit(again)?;
    }
    Ok(Some(tip))
}
