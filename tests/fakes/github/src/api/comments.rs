//! Comments of issues and pull requests.

use serde_json::json;

use crate::{
    page::list,
    reply::{Answer, Refusal, Reply, field, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Comment, World},
    webhook::emit,
};

const READ: &str = "issues|pull_requests:read";
const WRITE: &str = "issues|pull_requests:write";

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", READ, list_comments),
    op("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", WRITE, create),
    op("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", READ, get),
    op("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", WRITE, update),
    op("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", WRITE, delete),
];

fn list_comments(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let number = repo.issue(call.number("issue_number"))?.number;
    let all: Vec<_> = repo.comments.values().filter(|comment| comment.issue == number).collect();
    Ok(list(world, call, &all, |comment| shape::comment(world, repo, comment)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let body = call.text("body").filter(|body| !body.is_empty());
    let body = body.ok_or_else(|| field("IssueComment", "body", "missing_field"))?;
    let id = add(world, &call.repo(), call.number("issue_number"), body, &call.login())?;
    let repo = world.repo(&call.repo())?;
    Ok(Reply::created(shape::comment(world, repo, &repo.comments[&id])))
}

/// Writes a comment, and gives its id.
pub(crate) fn add(
    world: &mut World,
    key: &str,
    number: u64,
    body: &str,
    login: &str,
) -> Result<u64, Refusal> {
    if body.len() > 65_536 {
        return Err(crate::reply::custom("IssueComment", "body is too long (maximum is 65536 characters)"));
    }
    let (id, now) = (world.id(), world.now);
    world.user(login);
    let repo = world.repo_mut(key)?;
    repo.issue_mut(number)?.updated = now;
    let comment = Comment {
        id,
        issue: number,
        user: login.into(),
        body: body.into(),
        reactions: Vec::new(),
        created: now,
        updated: now,
    };
    repo.comments.insert(id, comment);
    event(world, key, id, "created", login);
    Ok(id)
}

fn event(world: &mut World, key: &str, id: u64, action: &str, login: &str) {
    emit(world, key, "issue_comment", Some(action), login, |world, repo| {
        let Some(comment) = repo.comments.get(&id) else { return json!({}) };
        let issue = repo.issues.get(&comment.issue).map(|issue| shape::issue_event(world, repo, issue));
        json!({ "issue": issue, "comment": shape::comment(world, repo, comment) })
    });
}

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let comment = repo.comments.get(&call.number("comment_id")).ok_or_else(not_found)?;
    Ok(Reply::ok(shape::comment(world, repo, comment)))
}

fn update(world: &mut World, call: &Call) -> Answer {
    let (key, id, login, now) = (call.repo(), call.number("comment_id"), call.login(), world.now);
    let comment = world.repo_mut(&key)?.comments.get_mut(&id).ok_or_else(not_found)?;
    comment.body =
        call.text("body").ok_or_else(|| refuse(422, "Invalid request.\n\n\"body\" wasn't supplied."))?.into();
    comment.updated = now;
    event(world, &key, id, "edited", &login);
    get(world, call)
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let (key, id, login) = (call.repo(), call.number("comment_id"), call.login());
    if !world.repo(&key)?.comments.contains_key(&id) {
        return Err(not_found());
    }
    event(world, &key, id, "deleted", &login);
    world.repo_mut(&key)?.comments.remove(&id);
    Ok(Reply::no_content())
}
