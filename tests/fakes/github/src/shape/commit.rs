//! Commits, and what they changed.

use pointsman_core::release::Sha;
use serde_json::{Value, json};

use super::{node_id, time, user};
use crate::{
    git::{Changed, ChangedFile, Commit, Signature},
    state::{CommitComment, Repo, World},
};

/// Name, address and time, as git has them.
pub(crate) fn person(it: &Signature) -> Value {
    json!({ "name": it.name, "email": it.email, "date": time(it.time) })
}

/// The account behind an address: GitHub's own no-reply addresses name it.
fn account(world: &World, it: &Signature) -> Value {
    let Some(local) = it.email.strip_suffix("@users.noreply.github.com") else { return Value::Null };
    let login = local.split_once('+').map_or(local, |(_, login)| login);
    if world.users.contains_key(&login.to_lowercase()) { user(world, login) } else { Value::Null }
}

fn committer(world: &World, it: &Signature) -> Value {
    if it.email == "noreply@github.com" { user(world, "web-flow") } else { account(world, it) }
}

fn verification(repo: &Repo, sha: &Sha, commit: &Commit) -> Value {
    if !repo.signed.contains(sha) {
        let reason = "unsigned";
        return json!({ "verified": false, "reason": reason, "signature": null, "payload": null, "verified_at": null });
    }
    json!({
        "verified": true, "reason": "valid",
        "signature": "-----BEGIN PGP SIGNATURE-----\n\nof this fake\n-----END PGP SIGNATURE-----",
        "payload": format!("tree {}\n", commit.tree), "verified_at": time(commit.committer.time),
    })
}

/// A `git-commit`.
pub(crate) fn git_commit(world: &World, repo: &Repo, sha: &Sha, commit: &Commit) -> Value {
    let (name, web) = (repo.full_name(), &world.site.web);
    let url = world.site.repo(&name);
    let parent = |parent: &Sha| json!({ "sha": parent, "url": format!("{url}/git/commits/{parent}"), "html_url": format!("{web}/{name}/commit/{parent}") });
    json!({
        "sha": sha, "node_id": node_id("Commit", sha), "url": format!("{url}/git/commits/{sha}"),
        "html_url": format!("{web}/{name}/commit/{sha}"),
        "author": person(&commit.author), "committer": person(&commit.committer),
        "tree": { "sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree) },
        "message": commit.message, "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
        "verification": verification(repo, sha, commit),
    })
}

/// A `commit`, without its files.
pub(crate) fn commit(world: &World, repo: &Repo, sha: &Sha, commit: &Commit) -> Value {
    let (name, web) = (repo.full_name(), &world.site.web);
    let url = world.site.repo(&name);
    let parent = |parent: &Sha| json!({ "sha": parent, "url": format!("{url}/commits/{parent}"), "html_url": format!("{web}/{name}/commit/{parent}") });
    json!({
        "sha": sha, "node_id": node_id("Commit", sha),
        "commit": {
            "author": person(&commit.author), "committer": person(&commit.committer), "message": commit.message,
            "tree": { "sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree) },
            "url": format!("{url}/git/commits/{sha}"), "comment_count": 0,
            "verification": verification(repo, sha, commit),
        },
        "url": format!("{url}/commits/{sha}"), "html_url": format!("{web}/{name}/commit/{sha}"),
        "comments_url": format!("{url}/commits/{sha}/comments"),
        "author": account(world, &commit.author), "committer": committer(world, &commit.committer),
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
    })
}

/// A commit as `push` webhooks have it, with the paths that it changed.
pub(crate) fn short_commit(
    world: &World,
    repo: &Repo,
    sha: &Sha,
    commit: &Commit,
    files: &[ChangedFile],
) -> Value {
    let of = |kinds: &[Changed]| -> Vec<&str> {
        files.iter().filter(|file| kinds.contains(&file.changed)).map(|file| file.path.as_str()).collect()
    };
    let login = |it: &Signature| account(world, it)["login"].clone();
    let who = |it: &Signature| json!({ "name": it.name, "email": it.email, "username": login(it) });
    json!({
        "id": sha, "tree_id": commit.tree, "distinct": true, "message": commit.message,
        "timestamp": time(commit.committer.time),
        "url": format!("{}/{}/commit/{sha}", world.site.web, repo.full_name()),
        "author": who(&commit.author), "committer": who(&commit.committer),
        "added": of(&[Changed::Added, Changed::Renamed]), "removed": of(&[Changed::Removed]),
        "modified": of(&[Changed::Modified]),
    })
}

/// A `diff-entry`.
pub(crate) fn file(world: &World, repo: &Repo, at: &Sha, file: &ChangedFile) -> Value {
    let (name, web) = (repo.full_name(), &world.site.web);
    let path = &file.path;
    let status = match file.changed {
        Changed::Added => "added",
        Changed::Removed => "removed",
        Changed::Modified => "modified",
        Changed::Renamed => "renamed",
    };
    let mut value = json!({
        "sha": file.blob, "filename": path, "status": status, "additions": file.additions,
        "deletions": file.deletions, "changes": file.additions + file.deletions,
        "blob_url": format!("{web}/{name}/blob/{at}/{path}"), "raw_url": format!("{web}/{name}/raw/{at}/{path}"),
        "contents_url": format!("{}/contents/{path}?ref={at}", world.site.repo(&name)),
    });
    if let Some(previous) = &file.previous {
        value["previous_filename"] = json!(previous);
    }
    value
}

/// A `commit-comment`.
pub(crate) fn commit_comment(world: &World, repo: &Repo, it: &CommitComment) -> Value {
    let (name, web) = (repo.full_name(), &world.site.web);
    json!({
        "url": format!("{}/comments/{}", world.site.repo(&name), it.id),
        "html_url": format!("{web}/{name}/commit/{}#commitcomment-{}", it.commit, it.id),
        "id": it.id, "node_id": node_id("CommitComment", it.id), "user": user(world, &it.user),
        "position": null, "line": null, "path": null, "commit_id": it.commit,
        "created_at": time(it.created), "updated_at": time(it.created),
        "author_association": repo.association(&it.user), "body": it.body,
    })
}
