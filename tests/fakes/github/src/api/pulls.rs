//! Pull requests: listed by head, base and state; one open at a time per head and base.

use pointsman_core::release::Sha;
use serde_json::json;

use crate::{
    effects::{close, pull_event, write_pull_ref},
    page::list,
    reply::{Answer, Refusal, Reply, custom, field, invalid, not_found},
    route::{Call, Operation, op},
    shape,
    state::{Issue, Pull, Repo, World},
};

const READ: &str = "pull_requests:read";
const WRITE: &str = "pull_requests:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/pulls", READ, list_pulls),
    op("POST", "/repos/{owner}/{repo}/pulls", WRITE, create),
    op("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", READ, get),
    op("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", WRITE, update),
    op("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", READ, commits),
    op("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", READ, files),
];

fn list_pulls(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let state = call.ask("state").unwrap_or("open");
    let head = call.ask("head").and_then(|head| head.split_once(':'));
    let owner = |key: &str| key.split('/').next().unwrap_or("").to_owned();
    let mut found: Vec<(&Issue, &Pull)> = repo
        .issues
        .values()
        .filter_map(|issue| issue.pull.as_ref().map(|pull| (issue, pull)))
        .filter(|(issue, _)| state == "all" || issue.open == (state == "open"))
        .filter(|(_, pull)| call.ask("base").is_none_or(|base| pull.base_ref == base))
        .filter(|(_, pull)| {
            head.is_none_or(|(user, name)| {
                pull.head_ref == name && owner(&pull.head_repo).eq_ignore_ascii_case(user)
            })
        })
        .collect();
    let sort = call.ask("sort").unwrap_or("created");
    match sort {
        "updated" => found.sort_by_key(|(issue, _)| (issue.updated, issue.number)),
        _ => found.sort_by_key(|(issue, _)| (issue.created, issue.number)),
    }
    let rising = call
        .ask("direction")
        .map_or(call.ask("sort").is_some_and(|sort| sort != "created"), |it| it == "asc");
    if !rising {
        found.reverse();
    }
    Ok(list(world, call, &found, |(issue, pull)| shape::pull(world, repo, issue, pull, false)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let (key, login) = (call.repo(), call.login());
    let (Some(title), Some(head), Some(base)) = (call.text("title"), call.text("head"), call.text("base"))
    else {
        let missing = |field: &&str| call.text(field).is_none();
        let errors: Vec<_> = ["title", "head", "base"]
            .iter()
            .filter(|field| missing(field))
            .map(|field| json!({ "resource": "PullRequest", "code": "missing_field", "field": field }))
            .collect();
        return Err(invalid(&json!(errors)));
    };
    let body = call.text("body").map(str::to_owned);
    let draft = call.body["draft"] == true;
    let number = open(world, &key, head, base, title, body, draft, &login)?;
    let repo = world.repo(&key)?;
    let (issue, pull) = repo.pull(number)?;
    Ok(Reply::created(shape::pull(world, repo, issue, pull, true)))
}

/// The repository and branch that `branch` or `owner:branch` names, among a repository and its forks.
fn head_of<'a>(world: &'a World, repo: &'a Repo, head: &str) -> Option<(&'a Repo, String, Sha)> {
    let (home, name) = match head.split_once(':') {
        None => (repo, head),
        Some((owner, name)) if repo.owner.eq_ignore_ascii_case(owner) => (repo, name),
        Some((owner, name)) => {
            let fork = world.repos.values().find(|other| {
                other.owner.eq_ignore_ascii_case(owner)
                    && other.fork_of.as_deref() == Some(repo.key().as_str())
            })?;
            (fork.as_ref(), name)
        }
    };
    Some((home, name.to_owned(), home.branch(name)?.clone()))
}

/// Opens a pull request, and gives its number.
#[expect(clippy::too_many_arguments, reason = "what a pull request is made of")]
pub(crate) fn open(
    world: &mut World,
    key: &str,
    head: &str,
    base: &str,
    title: &str,
    body: Option<String>,
    draft: bool,
    login: &str,
) -> Result<u64, Refusal> {
    world.user(login);
    let (issue_id, id, now) = (world.id(), world.id(), world.now);
    let repo = world.repo(key)?;
    let (home, head_ref, head_sha) =
        head_of(world, repo, head).ok_or_else(|| field("PullRequest", "head", "invalid"))?;
    let base_sha = repo.branch(base).cloned().ok_or_else(|| field("PullRequest", "base", "invalid"))?;
    let head_repo = home.key();
    let twin = repo
        .issues
        .values()
        .filter(|issue| issue.open)
        .filter_map(|issue| issue.pull.as_ref())
        .any(|pull| pull.head_repo == head_repo && pull.head_ref == head_ref && pull.base_ref == base);
    if twin {
        let message = format!("A pull request already exists for {}:{head_ref}.", home.owner);
        return Err(custom("PullRequest", message));
    }
    if repo.git.reaches(&base_sha, &head_sha)? {
        return Err(custom("PullRequest", format!("No commits between {base} and {head_ref}")));
    }
    let repo = world.repo_mut(key)?;
    repo.last_number += 1;
    let number = repo.last_number;
    write_pull_ref(repo, number, &head_sha)?;
    let pull = Pull {
        id,
        head_repo,
        head_ref,
        head: head_sha,
        base_ref: base.into(),
        base: base_sha,
        draft,
        merged: None,
        trial: None,
    };
    let issue = Issue {
        id: issue_id,
        number,
        title: title.into(),
        body,
        user: login.into(),
        open: true,
        labels: Default::default(),
        reactions: Vec::new(),
        created: now,
        updated: now,
        closed: None,
        pull: Some(pull),
    };
    repo.issues.insert(number, issue);
    pull_event(world, key, number, "opened", login, json!({}));
    Ok(number)
}

/// GitHub tries the merge when one is looked at alone: `merge_commit_sha` of an open one is that trial's.
fn get(world: &mut World, call: &Call) -> Answer {
    let (key, number) = (call.repo(), call.number("pull_number"));
    super::merge::try_merge(world, &key, number)?;
    let repo = world.repo(&key)?;
    let (issue, pull) = repo.pull(number)?;
    Ok(Reply::ok(shape::pull(world, repo, issue, pull, true)))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, number, login, now) = (call.repo(), call.number("pull_number"), call.login(), world.now);
    let repo = world.repo(&key)?;
    let (issue, pull) = repo.pull(number)?;
    let (was_open, mut changed) = (issue.open, json!({}));
    let reopen = call.text("state") == Some("open") && !was_open;
    let head_repo = world.repos.get(&pull.head_repo);
    let head_now = head_repo.and_then(|repo| repo.branch(&pull.head_ref)).cloned();
    if reopen && (pull.merged.is_some() || head_now.is_none()) {
        return Err(custom("PullRequest", "state cannot be changed. The pull request cannot be reopened."));
    }
    let base = call.text("base").map(str::to_owned);
    let base_sha = match &base {
        Some(base) => {
            Some(repo.branch(base).cloned().ok_or_else(|| field("PullRequest", "base", "invalid"))?)
        }
        None => None,
    };
    let issue = world.repo_mut(&key)?.issue_mut(number)?;
    if let Some(title) = call.text("title").filter(|title| *title != issue.title) {
        changed["title"] = json!({ "from": issue.title });
        issue.title = title.into();
    }
    if let Some(body) = call.text("body").filter(|body| Some(*body) != issue.body.as_deref()) {
        changed["body"] = json!({ "from": issue.body });
        issue.body = Some(body.into());
    }
    issue.updated = now;
    if let Some(pull) = issue.pull.as_mut() {
        if let (Some(base), Some(sha)) = (base, base_sha) {
            (pull.base_ref, pull.base) = (base, sha);
        }
        if let (true, Some(head)) = (reopen, head_now) {
            pull.head = head;
        }
    }
    if changed.as_object().is_some_and(|changed| !changed.is_empty()) {
        pull_event(world, &key, number, "edited", &login, json!({ "changes": changed }));
    }
    if reopen {
        let issue = world.repo_mut(&key)?.issue_mut(number)?;
        (issue.open, issue.closed) = (true, None);
        pull_event(world, &key, number, "reopened", &login, json!({}));
    } else if call.text("state") == Some("closed") && was_open {
        close(world, &key, number, &login)?;
    }
    get(world, call)
}

fn commits(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let (_, pull) = repo.pull(call.number("pull_number"))?;
    let mut shas = repo.git.between(&start(repo, pull)?, &pull.head)?.ahead;
    shas.reverse();
    let mut all = Vec::new();
    for sha in shas.into_iter().take(250) {
        let commit = repo.git.commit(&sha)?.ok_or_else(not_found)?;
        all.push((sha, commit));
    }
    Ok(list(world, call, &all, |(sha, commit)| shape::commit(world, repo, sha, commit)))
}

/// Where the pull request begins: the base, or, of a merged one, what the base was before.
fn start(repo: &Repo, pull: &Pull) -> Result<Sha, Refusal> {
    let Some(merged) = &pull.merged else { return Ok(pull.base.clone()) };
    let merge = repo.git.commit(&merged.commit)?.ok_or_else(not_found)?;
    Ok(merge.parents.first().cloned().unwrap_or_else(|| pull.base.clone()))
}

fn files(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let (_, pull) = repo.pull(call.number("pull_number"))?;
    let base = repo.git.between(&start(repo, pull)?, &pull.head)?.base.ok_or_else(not_found)?;
    let tree =
        |sha: &Sha| -> Result<Sha, Refusal> { Ok(repo.git.commit(sha)?.ok_or_else(not_found)?.tree.clone()) };
    let all = repo.git.diff(Some(&tree(&base)?), &tree(&pull.head)?)?;
    let head = pull.head.clone();
    Ok(list(world, call, &all, |file| shape::file(world, repo, &head, file)))
}
