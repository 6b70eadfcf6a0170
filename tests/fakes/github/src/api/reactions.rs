//! Reactions to issues and comments: one of a kind per account, so that a second POST gives the first again.

use crate::{
    page::list,
    reply::{Answer, Refusal, Reply, field, not_found},
    route::{Call, Operation, op},
    shape,
    state::{Reaction, Repo, World},
};

const READ: &str = "issues|pull_requests:read";
const WRITE: &str = "issues|pull_requests:write";
const CONTENTS: &[&str] = &["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", READ, list_reactions),
    op("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", WRITE, create),
    op("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}", WRITE, delete),
    op("GET", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", READ, list_reactions),
    op("POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", WRITE, create),
    op("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/reactions/{reaction_id}", WRITE, delete),
];

/// Those of the comment or the issue that the path names.
fn of<'a>(repo: &'a mut Repo, call: &Call) -> Result<&'a mut Vec<Reaction>, Refusal> {
    if call.params.contains_key("comment_id") {
        let comment = repo.comments.get_mut(&call.number("comment_id"));
        return comment.map(|comment| &mut comment.reactions).ok_or_else(not_found);
    }
    Ok(&mut repo.issue_mut(call.number("issue_number"))?.reactions)
}

fn list_reactions(world: &mut World, call: &Call) -> Answer {
    let all = of(world.repo_mut(&call.repo())?, call)?.clone();
    let content = call.ask("content");
    let shown: Vec<_> = all.iter().filter(|it| content.is_none_or(|content| it.content == content)).collect();
    Ok(list(world, call, &shown, |reaction| shape::reaction(world, reaction)))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let content = call.text("content").filter(|content| CONTENTS.contains(content));
    let content = content.ok_or_else(|| field("Reaction", "content", "invalid"))?.to_owned();
    let (id, user, created) = (world.id(), call.login(), world.now);
    world.user(&user);
    let reactions = of(world.repo_mut(&call.repo())?, call)?;
    if let Some(known) = reactions.iter().find(|it| it.user == user && it.content == content).cloned() {
        return Ok(Reply::ok(shape::reaction(world, &known)));
    }
    let reaction = Reaction { id, user, content, created };
    reactions.push(reaction.clone());
    Ok(Reply::json(201, shape::reaction(world, &reaction)))
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let id = call.number("reaction_id");
    let reactions = of(world.repo_mut(&call.repo())?, call)?;
    let before = reactions.len();
    reactions.retain(|it| it.id != id);
    if reactions.len() < before { Ok(Reply::no_content()) } else { Err(not_found()) }
}
