//! Commits: made from a tree, read by id, listed from a branch. Without an author the App is, and GitHub signs.

use jiff::Timestamp;
use pointsman_core::release::Sha;
use serde_json::{Value, json};

use crate::{
    git::{Commit, Object, Signature},
    page::{Page, list},
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{CommitComment, Repo, World},
};

const READ: &str = "contents:read";
const WRITE: &str = "contents:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", READ, get_git),
    op("POST", "/repos/{owner}/{repo}/git/commits", WRITE, create),
    op("GET", "/repos/{owner}/{repo}/commits", READ, list_commits),
    op("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests:read", pulls),
    op("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/comments", READ, list_comments),
    op("POST", "/repos/{owner}/{repo}/commits/{commit_sha}/comments", WRITE, comment),
    op("GET", "/repos/{owner}/{repo}/commits/{ref}", READ, get),
];

fn get_git(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha: Sha = call.param("commit_sha").parse().map_err(|_| not_found())?;
    let commit = repo.git.commit(&sha)?.ok_or_else(not_found)?;
    Ok(Reply::ok(shape::git_commit(world, repo, &sha, &commit)))
}

/// An author, committer or tagger that the body names.
pub(super) fn signature(world: &World, call: &Call, field: &str) -> Result<Option<Signature>, Refusal> {
    let given = &call.body[field];
    if given.is_null() {
        return Ok(None);
    }
    let (Some(name), Some(email)) = (given["name"].as_str(), given["email"].as_str()) else {
        return Err(refuse(
            422,
            format!("Invalid request.\n\n\"name\", \"email\" weren't supplied for {field}."),
        ));
    };
    let time = match given["date"].as_str() {
        None => world.now,
        Some(date) => date.parse().map_err(|_| refuse(422, format!("{field}.date is no timestamp")))?,
    };
    Ok(Some(Signature { name: name.into(), email: email.into(), time: whole_second(time) }))
}

/// The account as git names it, now.
pub(crate) fn bot_signature(world: &mut World, login: &str) -> Signature {
    let (user, time) = (world.user(login), whole_second(world.now));
    let email = format!("{}+{}@users.noreply.github.com", user.id, user.login);
    Signature { name: user.login, email, time }
}

/// GitHub itself, who signs.
pub(super) fn web_flow(world: &World) -> Signature {
    Signature { name: "GitHub".into(), email: "noreply@github.com".into(), time: whole_second(world.now) }
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn create(world: &mut World, call: &Call) -> Answer {
    let key = call.repo();
    let author = signature(world, call, "author")?;
    let committer = signature(world, call, "committer")?;
    let signs = author.is_none() && committer.is_none();
    let author = author.unwrap_or_else(|| bot_signature(world, &call.login()));
    let committer = committer.unwrap_or_else(|| if signs { web_flow(world) } else { author.clone() });
    let repo = world.repo_mut(&key)?;
    let message = call
        .text("message")
        .ok_or_else(|| refuse(422, "Invalid request.\n\n\"message\" wasn't supplied."))?;
    let parse = |value: &Value| -> Option<Sha> { value.as_str()?.parse().ok() };
    let tree = parse(&call.body["tree"]).ok_or_else(|| refuse(422, "Tree SHA does not exist"))?;
    if !matches!(repo.git.object(&tree)?, Some(Object::Tree(_))) {
        return Err(refuse(422, "Tree SHA does not exist"));
    }
    let mut parents = Vec::new();
    for parent in call.body["parents"].as_array().into_iter().flatten() {
        let sha = parse(parent)
            .ok_or_else(|| refuse(422, "Parent SHA does not exist or is not a commit object"))?;
        if repo.git.commit(&sha)?.is_none() {
            return Err(refuse(422, "Parent SHA does not exist or is not a commit object"));
        }
        parents.push(sha);
    }
    let message = message.replace('\0', "");
    let commit = Commit { tree, parents, author, committer, message, generation: 0 };
    let sha = repo.git.write_commit(commit.clone())?;
    if signs {
        repo.signed.insert(sha.clone());
    }
    Ok(Reply::created(shape::git_commit(world, world.repo(&key)?, &sha, &commit)))
}

fn list_commits(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let Some(head) = repo.resolve(call.ask("sha").unwrap_or(""))? else {
        return Err(if repo.refs.is_empty() { refuse(409, "Git Repository is empty.") } else { not_found() });
    };
    let mut shas = repo.git.history(&head)?;
    if let Some(path) = call.ask("path") {
        shas = changed_at(repo, shas, path)?;
    }
    let when = |name: &str| call.ask(name).and_then(|time| time.parse::<Timestamp>().ok());
    let (since, until) = (when("since"), when("until"));
    let mut shown = Vec::new();
    for sha in shas {
        let Some(commit) = repo.git.commit(&sha)? else { continue };
        let time = commit.committer.time;
        if since.is_none_or(|since| time >= since) && until.is_none_or(|until| time <= until) {
            shown.push((sha, commit));
        }
    }
    Ok(list(world, call, &shown, |(sha, commit)| shape::commit(world, repo, sha, commit)))
}

/// Those that changed something at or below a path, against their first parents.
fn changed_at(repo: &Repo, shas: Vec<Sha>, path: &str) -> Result<Vec<Sha>, Refusal> {
    let mut changed = Vec::new();
    for sha in shas {
        let Some(commit) = repo.git.commit(&sha)? else { continue };
        let before = match commit.parents.first() {
            Some(parent) => repo.git.commit(parent)?,
            None => None,
        };
        let old = match before {
            Some(before) => repo.git.at_path(&before.tree, path)?,
            None => None,
        };
        if old != repo.git.at_path(&commit.tree, path)? {
            changed.push(sha);
        }
    }
    Ok(changed)
}

/// With its files, 300 a page.
fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let missing = || refuse(422, format!("No commit found for SHA: {}", call.param("ref")));
    let sha = repo.resolve(call.param("ref"))?.ok_or_else(missing)?;
    let commit = repo.git.commit(&sha)?.ok_or_else(missing)?;
    let parent = match commit.parents.first() {
        Some(parent) => repo.git.commit(parent)?.map(|parent| parent.tree.clone()),
        None => None,
    };
    let files = repo.git.diff(parent.as_ref(), &commit.tree)?;
    let page = Page {
        number: Page::of(call, 300).number,
        size: if call.ask("per_page").is_some() { Page::of(call, 300).size } else { 300 },
    };
    let (plus, minus): (u64, u64) =
        files.iter().fold((0, 0), |(plus, minus), file| (plus + file.additions, minus + file.deletions));
    let mut form = shape::commit(world, repo, &sha, &commit);
    form["stats"] = json!({ "total": plus + minus, "additions": plus, "deletions": minus });
    form["files"] =
        json!(page.cut(&files).iter().map(|file| shape::file(world, repo, &sha, file)).collect::<Vec<_>>());
    let mut reply = Reply::ok(form);
    reply.headers.extend(page.link(world, call, files.len()));
    Ok(reply)
}

/// The pull requests that a commit came by: those that it merged, those that hold it.
fn pulls(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha = repo.resolve(call.param("commit_sha"))?.ok_or_else(not_found)?;
    let mut found = Vec::new();
    for issue in repo.issues.values().rev() {
        let Some(pull) = &issue.pull else { continue };
        let merged = pull.merged.as_ref().is_some_and(|merged| merged.commit == sha);
        let holds = match &pull.merged {
            None => repo.git.between(&pull.base, &pull.head)?.ahead.contains(&sha),
            // What it brought is what its head reached beyond the merge's first parent.
            Some(it) => match repo.git.commit(&it.commit)?.and_then(|commit| commit.parents.first().cloned())
            {
                Some(before) => repo.git.between(&before, &pull.head)?.ahead.contains(&sha),
                None => false,
            },
        };
        if merged || holds {
            found.push((issue, pull));
        }
    }
    Ok(list(world, call, &found, |(issue, pull)| shape::pull(world, repo, issue, pull, false)))
}

fn list_comments(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let sha = repo.resolve(call.param("commit_sha"))?.ok_or_else(not_found)?;
    let all: Vec<_> = repo.commit_comments.values().filter(|comment| comment.commit == sha).collect();
    Ok(list(world, call, &all, |comment| shape::commit_comment(world, repo, comment)))
}

fn comment(world: &mut World, call: &Call) -> Answer {
    let (key, id, user, created) = (call.repo(), world.id(), call.login(), world.now);
    world.user(&user);
    let repo = world.repo_mut(&key)?;
    let commit = repo.resolve(call.param("commit_sha"))?.ok_or_else(not_found)?;
    let body = call.text("body").filter(|body| !body.is_empty());
    let body = body.ok_or_else(|| crate::reply::field("CommitComment", "body", "missing_field"))?.to_owned();
    let comment = CommitComment { id, commit, user, body, created };
    repo.commit_comments.insert(id, comment.clone());
    Ok(Reply::created(shape::commit_comment(world, world.repo(&key)?, &comment)))
}
