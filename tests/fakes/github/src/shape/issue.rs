//! Issues, pull requests, comments, labels and reactions.

use serde_json::{Value, json};

use super::{extend, maybe, node_id, repository, time, user};
use crate::state::{Comment, Issue, Label, Pull, Reaction, Repo, World};

/// A `label`.
pub(crate) fn label(world: &World, repo: &Repo, name: &str) -> Value {
    let known = repo.labels.get(&name.to_lowercase());
    let unknown = || Label { id: 1, name: name.to_owned(), color: "ededed".into(), description: None };
    let Label { id, name, color, description } = known.cloned().unwrap_or_else(unknown);
    json!({
        "id": id, "node_id": node_id("Label", id), "url": format!("{}/labels/{name}", world.site.repo(&repo.full_name())),
        "name": name, "color": color, "default": false,
        // GitHub answers null here, and its document of a listed pull request says that it never does.
        "description": description.unwrap_or_default(),
    })
}

fn labels(world: &World, repo: &Repo, issue: &Issue) -> Vec<Value> {
    issue.labels.iter().map(|name| label(world, repo, name)).collect()
}

/// A `reaction`.
pub(crate) fn reaction(world: &World, it: &Reaction) -> Value {
    json!({
        "id": it.id, "node_id": node_id("Reaction", it.id), "user": user(world, &it.user),
        "content": it.content, "created_at": time(it.created),
    })
}

fn rollup(url: &str, reactions: &[Reaction]) -> Value {
    let of = |content: &str| reactions.iter().filter(|it| it.content == content).count();
    json!({
        "url": format!("{url}/reactions"), "total_count": reactions.len(), "+1": of("+1"), "-1": of("-1"),
        "laugh": of("laugh"), "hooray": of("hooray"), "confused": of("confused"), "heart": of("heart"),
        "rocket": of("rocket"), "eyes": of("eyes"),
    })
}

/// An `issue`; a pull request is one too.
pub(crate) fn issue(world: &World, repo: &Repo, it: &Issue) -> Value {
    let name = repo.full_name();
    let (api, number) = (world.site.repo(&name), it.number);
    let kind = if it.pull.is_some() { "pull" } else { "issues" };
    let url = format!("{api}/issues/{number}");
    let html = format!("{}/{name}/{kind}/{number}", world.site.web);
    let mut value = json!({
        "url": url, "repository_url": api, "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"), "timeline_url": format!("{url}/timeline"), "html_url": html,
        "id": it.id, "node_id": node_id("Issue", it.id), "number": number, "title": it.title,
        "user": user(world, &it.user), "labels": labels(world, repo, it),
        "state": if it.open { "open" } else { "closed" }, "locked": false, "assignee": null, "assignees": [],
        "milestone": null, "comments": repo.comments.values().filter(|comment| comment.issue == number).count(),
        "created_at": time(it.created), "updated_at": time(it.updated), "closed_at": maybe(it.closed),
        "author_association": repo.association(&it.user), "active_lock_reason": null, "body": it.body,
        "reactions": rollup(&url, &it.reactions), "performed_via_github_app": null,
        "state_reason": (!it.open).then_some("completed"), "closed_by": null,
    });
    if let Some(pull) = &it.pull {
        let api = format!("{api}/pulls/{number}");
        value["draft"] = json!(pull.draft);
        value["pull_request"] = json!({
            "url": api, "html_url": html, "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "merged_at": maybe(pull.merged.as_ref().map(|merged| merged.at)),
        });
    }
    value
}

/// An issue as webhooks have it.
pub(crate) fn issue_event(world: &World, repo: &Repo, it: &Issue) -> Value {
    let mut value = issue(world, repo, it);
    if let Some(object) = value.as_object_mut() {
        object.remove("closed_by");
    }
    value
}

/// An `issue-comment`.
pub(crate) fn comment(world: &World, repo: &Repo, it: &Comment) -> Value {
    let name = repo.full_name();
    let api = world.site.repo(&name);
    let url = format!("{api}/issues/comments/{}", it.id);
    let kind = repo.issues.get(&it.issue).is_some_and(|issue| issue.pull.is_some());
    let kind = if kind { "pull" } else { "issues" };
    json!({
        "url": url, "html_url": format!("{}/{name}/{kind}/{}#issuecomment-{}", world.site.web, it.issue, it.id),
        "issue_url": format!("{api}/issues/{}", it.issue), "id": it.id, "node_id": node_id("IssueComment", it.id),
        "user": user(world, &it.user), "created_at": time(it.created), "updated_at": time(it.updated),
        "author_association": repo.association(&it.user), "body": it.body,
        "reactions": rollup(&url, &it.reactions), "performed_via_github_app": null,
    })
}

fn side(world: &World, key: &str, name: &str, sha: &str) -> Value {
    let repo = world.repos.get(key);
    let owner =
        repo.map_or_else(|| key.split('/').next().unwrap_or("").to_owned(), |repo| repo.owner.clone());
    json!({
        "label": format!("{owner}:{name}"), "ref": name, "sha": sha, "user": user(world, &owner),
        "repo": repo.map(|repo| repository(world, repo)),
    })
}

/// A `pull-request-simple`, as lists have it; `whole`: what one alone has besides.
pub(crate) fn pull(world: &World, repo: &Repo, it: &Issue, pull: &Pull, whole: bool) -> Value {
    let name = repo.full_name();
    let (api, number) = (world.site.repo(&name), it.number);
    let (url, html) = (format!("{api}/pulls/{number}"), format!("{}/{name}/pull/{number}", world.site.web));
    let trial = pull.trial.as_ref().filter(|(base, head, _)| *base == pull.base && *head == pull.head);
    let merge_sha = match (&pull.merged, trial) {
        (Some(merged), _) => Some(merged.commit.clone()),
        (None, Some((_, _, trial))) => trial.clone(),
        (None, None) => None,
    };
    let link = |url: String| json!({ "href": url });
    let issue_url = format!("{api}/issues/{number}");
    let statuses = format!("{api}/statuses/{}", pull.head);
    let mut value = json!({
        "url": url, "id": pull.id, "node_id": node_id("PullRequest", pull.id), "html_url": html,
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "issue_url": issue_url,
        "number": number, "state": if it.open { "open" } else { "closed" }, "locked": false, "title": it.title,
        "user": user(world, &it.user), "body": it.body, "created_at": time(it.created),
        "updated_at": time(it.updated), "closed_at": maybe(it.closed),
        "merged_at": maybe(pull.merged.as_ref().map(|merged| merged.at)), "merge_commit_sha": merge_sha,
        "assignee": null, "assignees": [], "requested_reviewers": [], "requested_teams": [],
        "labels": labels(world, repo, it), "milestone": null, "draft": pull.draft,
        "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue_url}/comments"), "statuses_url": statuses,
        "head": side(world, &pull.head_repo, &pull.head_ref, pull.head.as_str()),
        "base": side(world, &repo.key(), &pull.base_ref, pull.base.as_str()),
        "_links": {
            "self": link(url.clone()), "html": link(html), "issue": link(issue_url.clone()),
            "comments": link(format!("{issue_url}/comments")), "review_comments": link(format!("{url}/comments")),
            "review_comment": link(format!("{api}/pulls/comments{{/number}}")),
            "commits": link(format!("{url}/commits")), "statuses": link(statuses.clone()),
        },
        "author_association": repo.association(&it.user), "auto_merge": null, "active_lock_reason": null,
    });
    if whole {
        extend(&mut value, whole_fields(world, repo, it, pull));
    }
    value
}

fn whole_fields(world: &World, repo: &Repo, it: &Issue, pull: &Pull) -> Value {
    let trial = pull.trial.as_ref().filter(|(base, head, _)| *base == pull.base && *head == pull.head);
    let mergeable = trial.filter(|_| it.open).map(|(_, _, merge)| merge.is_some());
    let state = match mergeable {
        _ if pull.draft => "draft",
        Some(true) => "clean",
        Some(false) => "dirty",
        None => "unknown",
    };
    let between = repo.git.between(&pull.base, &pull.head).ok();
    let files = between.as_ref().and_then(|between| {
        let tree = |sha| repo.git.commit(sha).ok().flatten().map(|commit| commit.tree.clone());
        repo.git.diff(between.base.as_ref().and_then(tree).as_ref(), &tree(&pull.head)?).ok()
    });
    let files = files.unwrap_or_default();
    json!({
        "merged": pull.merged.is_some(), "mergeable": mergeable, "rebaseable": mergeable, "mergeable_state": state,
        "merged_by": pull.merged.as_ref().map(|merged| user(world, &merged.by)),
        "comments": repo.comments.values().filter(|comment| comment.issue == it.number).count(),
        "review_comments": 0, "maintainer_can_modify": false,
        "commits": between.map_or(0, |between| between.ahead.len()),
        "additions": files.iter().map(|file| file.additions).sum::<u64>(),
        "deletions": files.iter().map(|file| file.deletions).sum::<u64>(), "changed_files": files.len(),
    })
}
