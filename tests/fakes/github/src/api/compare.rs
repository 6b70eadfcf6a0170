//! Compare: how a head lies to a base, its commits oldest first, 250 a page unless asked otherwise.

use pointsman_core::release::Sha;
use serde_json::{Value, json};

use crate::{
    page::Page,
    reply::{Answer, Refusal, Reply, not_found},
    route::{Call, Operation, op},
    shape,
    state::{Repo, World},
};

pub(super) const OPERATIONS: &[Operation] =
    &[op("GET", "/repos/{owner}/{repo}/compare/{basehead}", "contents:read", compare)];

/// A ref, or `owner:ref` of the same network of forks.
fn side(world: &World, repo: &Repo, name: &str) -> Result<Sha, Refusal> {
    let Some((owner, name)) = name.split_once(':') else {
        return repo.resolve(name)?.ok_or_else(not_found);
    };
    let root = repo.fork_of.clone().unwrap_or_else(|| repo.key());
    let other = world.repos.values().find(|other| {
        other.owner.eq_ignore_ascii_case(owner)
            && (other.key() == root || other.fork_of.as_ref() == Some(&root))
    });
    other.ok_or_else(not_found)?.resolve(name)?.ok_or_else(not_found)
}

fn compare(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let (base_name, head_name) = call.param("basehead").split_once("...").ok_or_else(not_found)?;
    let (base, head) = (side(world, repo, base_name)?, side(world, repo, head_name)?);
    let between = repo.git.between(&base, &head)?;
    let merge_base = between.base.ok_or_else(not_found)?; // no common ancestor
    let commits: Vec<Sha> = between.ahead.into_iter().rev().collect();
    let status = match (commits.len(), between.behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let asked = call.ask("per_page").is_some() || call.ask("page").is_some();
    let page = Page::of(call, 250);
    let page = if asked { page } else { Page { number: 1, size: 250 } };
    let form = |sha: &Sha| -> Result<Value, Refusal> {
        let commit = repo.git.commit(sha)?.ok_or_else(not_found)?;
        Ok(shape::commit(world, repo, sha, &commit))
    };
    let listed: Result<Vec<_>, _> = page.cut(&commits).iter().map(form).collect();
    let tree =
        |sha: &Sha| -> Result<Sha, Refusal> { Ok(repo.git.commit(sha)?.ok_or_else(not_found)?.tree.clone()) };
    // The files are those of all of it, and on the first page only.
    let files =
        if page.number == 1 { repo.git.diff(Some(&tree(&merge_base)?), &tree(&head)?)? } else { Vec::new() };
    let files: Vec<_> = files.iter().take(300).map(|file| shape::file(world, repo, &head, file)).collect();
    let (name, web) = (repo.full_name(), &world.site.web);
    let html = format!("{web}/{name}/compare/{base_name}...{head_name}");
    let mut reply = Reply::ok(json!({
        "url": format!("{}/compare/{base_name}...{head_name}", world.site.repo(&name)), "html_url": html,
        "permalink_url": format!("{web}/{name}/compare/{}...{}", base.short(), head.short()),
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "base_commit": form(&base)?, "merge_base_commit": form(&merge_base)?, "status": status,
        "ahead_by": commits.len(), "behind_by": between.behind, "total_commits": commits.len(), "commits": listed?,
        "files": files,
    }));
    if asked || commits.len() > 250 {
        reply.headers.extend(page.link(world, call, commits.len()));
    }
    Ok(reply)
}
