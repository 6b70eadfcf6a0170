//! What a moved ref brings about: git's own refs, webhooks, and pull requests that follow, close or turn out merged.

use pointsman_core::release::Sha;
use serde_json::{Value, json};

use crate::{
    git::Object,
    reply::Refusal,
    shape,
    state::{Merged, Repo, World},
    webhook::emit,
};

/// Where a ref is to be; `None` = nowhere.
#[derive(Debug, Clone)]
pub(crate) struct RefMove {
    pub name: String,
    pub to: Option<Sha>,
}

const ZERO: &str = "0000000000000000000000000000000000000000";

/// Moves refs, all or none. Whether they may move was asked before.
pub(crate) fn move_refs(world: &mut World, key: &str, moves: &[RefMove], actor: &str) -> Result<(), Refusal> {
    let now = world.now;
    let repo = world.repo_mut(key)?;
    let stored = |name: &str| match &repo.namespace {
        Some(namespace) => name.replacen("refs/", namespace, 1),
        None => name.to_owned(),
    };
    let written: Vec<_> = moves
        .iter()
        .filter(|it| it.to.is_some() || repo.refs.contains_key(&it.name))
        .map(|it| (stored(&it.name), it.to.clone()))
        .collect();
    repo.git.move_refs(&written)?;
    repo.pushed = now;
    let mut before = Vec::new();
    for RefMove { name, to } in moves {
        before.push(match to {
            Some(sha) => repo.refs.insert(name.clone(), sha.clone()),
            None => repo.refs.remove(name),
        });
    }
    for (RefMove { name, to }, from) in moves.iter().zip(before) {
        if from != *to {
            tell(world, key, name, from.as_ref(), to.as_ref(), actor)?;
            if let Some(branch) = name.strip_prefix("refs/heads/") {
                follow(world, key, branch, from.as_ref(), to.as_ref(), actor)?;
            }
        }
    }
    Ok(())
}

/// `create` and `delete`, and `push` for every move.
fn tell(
    world: &mut World,
    key: &str,
    name: &str,
    from: Option<&Sha>,
    to: Option<&Sha>,
    actor: &str,
) -> Result<(), Refusal> {
    let kind = if name.starts_with("refs/tags/") { "tag" } else { "branch" };
    let short = name.splitn(3, '/').nth(2).unwrap_or(name).to_owned();
    let made = match (from, to) {
        (None, Some(_)) => Some("create"),
        (Some(_), None) => Some("delete"),
        _ => None,
    };
    if let Some(event) = made {
        emit(world, key, event, None, actor, |_, repo| {
            let mut fields = json!({ "ref": short, "ref_type": kind, "pusher_type": "user" });
            if event == "create" {
                fields["master_branch"] = json!(repo.default_branch);
                fields["description"] = Value::Null;
            }
            fields
        });
    }
    emit(world, key, "push", None, actor, |world, repo| {
        push(world, repo, name, from, to, actor).unwrap_or_default()
    });
    Ok(())
}

/// A `push` payload: at most 20 commits in it, oldest first, as GitHub has it.
fn push(
    world: &World,
    repo: &Repo,
    name: &str,
    from: Option<&Sha>,
    to: Option<&Sha>,
    actor: &str,
) -> Result<Value, Refusal> {
    let text = |sha: Option<&Sha>| sha.map_or_else(|| ZERO.to_owned(), ToString::to_string);
    let (mut commits, mut forced) = (Vec::new(), false);
    if let Some(to) = to
        && let Some(head) = repo.git.peel(to)?
    {
        let from = from.map(|from| repo.git.peel(from)).transpose()?.flatten();
        let since = from.as_ref().or_else(|| repo.branch(&repo.default_branch));
        let new = match since {
            Some(since) => repo.git.between(since, &head)?.ahead,
            None => repo.git.history(&head)?,
        };
        if let Some(from) = &from {
            forced = !repo.git.reaches(&head, from)?;
        }
        for sha in new.iter().take(20).rev() {
            commits.push(short(world, repo, sha)?);
        }
        if name.starts_with("refs/tags/") {
            commits.clear();
        }
    }
    let head = to.and_then(|to| repo.git.peel(to).ok().flatten());
    let head = head.map(|sha| short(world, repo, &sha)).transpose()?;
    let web = format!("{}/{}", world.site.web, repo.full_name());
    Ok(json!({
        "ref": name, "before": text(from), "after": text(to), "created": from.is_none(), "deleted": to.is_none(),
        "forced": forced, "base_ref": null, "compare": format!("{web}/compare/{}...{}", text(from), text(to)),
        "commits": commits, "head_commit": head,
        "pusher": { "name": actor, "email": format!("{actor}@users.noreply.github.com") },
    }))
}

fn short(world: &World, repo: &Repo, sha: &Sha) -> Result<Value, Refusal> {
    let Some(Object::Commit(commit)) = repo.git.object(sha)? else { return Ok(Value::Null) };
    let parent = match commit.parents.first() {
        Some(parent) => repo.git.commit(parent)?.map(|parent| parent.tree.clone()),
        None => None,
    };
    let files = repo.git.diff(parent.as_ref(), &commit.tree)?;
    Ok(shape::short_commit(world, repo, sha, &commit, &files))
}

/// The pull requests from and into a branch that moved.
fn follow(
    world: &mut World,
    key: &str,
    branch: &str,
    from: Option<&Sha>,
    to: Option<&Sha>,
    actor: &str,
) -> Result<(), Refusal> {
    let repo = world.repo(key)?;
    let homes = [Some(key.to_owned()), repo.fork_of.clone()];
    for home in homes.into_iter().flatten() {
        let pulls = world.repo(&home)?.issues.values().filter(|issue| issue.open).filter_map(|issue| {
            let pull = issue.pull.as_ref()?;
            let head = pull.head_repo == key && pull.head_ref == branch;
            let base = home == key && pull.base_ref == branch;
            (head || base).then_some((issue.number, head))
        });
        for (number, is_head) in pulls.collect::<Vec<_>>() {
            match to {
                None => close(world, &home, number, actor)?,
                Some(to) if is_head => new_head(world, &home, number, to, actor)?,
                Some(to) => new_base(world, &home, number, from, to, actor)?,
            }
        }
    }
    Ok(())
}

fn new_head(world: &mut World, home: &str, number: u64, to: &Sha, actor: &str) -> Result<(), Refusal> {
    let now = world.now;
    let repo = world.repo_mut(home)?;
    let issue = repo.issue_mut(number)?;
    issue.updated = now;
    let Some(pull) = issue.pull.as_mut() else { return Ok(()) };
    let before = std::mem::replace(&mut pull.head, to.clone());
    let base = pull.base.clone();
    write_pull_ref(repo, number, to)?;
    if repo.git.reaches(&base, to)? {
        return close(world, home, number, actor); // nothing is left of it
    }
    pull_event(world, home, number, "synchronize", actor, json!({ "before": before, "after": to }));
    Ok(())
}

fn new_base(
    world: &mut World,
    home: &str,
    number: u64,
    from: Option<&Sha>,
    to: &Sha,
    actor: &str,
) -> Result<(), Refusal> {
    let now = world.now;
    let repo = world.repo_mut(home)?;
    let git = repo.git.clone();
    let pull = repo.pull_mut(number)?;
    pull.base = to.clone();
    let head = pull.head.clone();
    if !git.reaches(to, &head)? {
        return Ok(());
    }
    let new = match from {
        Some(from) => git.between(from, to)?.ahead,
        None => git.history(to)?,
    };
    let mut commit = head.clone();
    for sha in new {
        if git.commit(&sha)?.is_some_and(|commit| commit.parents.contains(&head)) {
            commit = sha;
        }
    }
    pull.merged = Some(Merged { at: now, by: actor.into(), commit });
    close(world, home, number, actor)
}

/// Closes an issue or a pull request, merged or not.
pub(crate) fn close(world: &mut World, key: &str, number: u64, actor: &str) -> Result<(), Refusal> {
    let now = world.now;
    let issue = world.repo_mut(key)?.issue_mut(number)?;
    (issue.open, issue.closed, issue.updated) = (false, Some(now), now);
    if issue.pull.is_some() {
        pull_event(world, key, number, "closed", actor, json!({}));
    } else {
        issue_event(world, key, number, "closed", actor);
    }
    Ok(())
}

/// `refs/pull/{number}/head`, which outlives the branch.
pub(crate) fn write_pull_ref(repo: &mut Repo, number: u64, head: &Sha) -> Result<(), Refusal> {
    let name = format!("refs/pull/{number}/head");
    repo.git.move_refs(&[(name.clone(), Some(head.clone()))])?;
    repo.refs.insert(name, head.clone());
    Ok(())
}

/// A `pull_request` webhook, with these fields besides.
pub(crate) fn pull_event(world: &mut World, key: &str, number: u64, action: &str, actor: &str, more: Value) {
    emit(world, key, "pull_request", Some(action), actor, |world, repo| {
        let mut fields = json!({ "number": number });
        if let Ok((issue, pull)) = repo.pull(number) {
            fields["pull_request"] = shape::pull(world, repo, issue, pull, true);
        }
        shape::extend(&mut fields, more);
        fields
    });
}

/// An `issues` webhook.
pub(crate) fn issue_event(world: &mut World, key: &str, number: u64, action: &str, actor: &str) {
    emit(world, key, "issues", Some(action), actor, |world, repo| {
        repo.issue(number)
            .map(|issue| json!({ "issue": shape::issue_event(world, repo, issue) }))
            .unwrap_or_default()
    });
}
