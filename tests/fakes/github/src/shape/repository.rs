//! Repositories and refs.

use pointsman_core::release::Sha;
use serde_json::{Value, json};

use super::{extend, node_id, time, user};
use crate::{
    git::Object,
    reply::Refusal,
    state::{Repo, World},
};

/// The link templates that every form of a repository has: name and what follows the repository's URL.
const LINKS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// A `minimal-repository`.
fn minimal(world: &World, repo: &Repo) -> Value {
    let name = repo.full_name();
    let url = world.site.repo(&name);
    let mut value = json!({
        "id": repo.id, "node_id": node_id("Repository", repo.id), "name": repo.name, "full_name": name,
        "private": repo.private, "owner": user(world, &repo.owner),
        "html_url": format!("{}/{name}", world.site.web), "description": null, "fork": repo.fork_of.is_some(),
        "url": url,
    });
    if let Some(object) = value.as_object_mut() {
        object.extend(LINKS.iter().map(|(link, rest)| ((*link).to_owned(), json!(format!("{url}{rest}")))));
    }
    value
}

/// A `repository`; with what `full-repository` has besides.
pub(crate) fn repository(world: &World, repo: &Repo) -> Value {
    let mut value = minimal(world, repo);
    let name = repo.full_name();
    let web = format!("{}/{name}", world.site.web);
    let host = web.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or("");
    let open = repo.issues.values().filter(|issue| issue.open).count();
    extend(
        &mut value,
        json!({
            "created_at": time(repo.created), "updated_at": time(repo.pushed), "pushed_at": time(repo.pushed),
            "git_url": format!("git://{host}/{name}.git"), "ssh_url": format!("git@{host}:{name}.git"),
            "clone_url": format!("{web}.git"), "svn_url": web, "homepage": null, "size": 1,
            "stargazers_count": 0, "watchers_count": 0, "language": null, "has_issues": true, "has_projects": true,
            "has_downloads": true, "has_wiki": true, "has_pages": false, "has_discussions": false, "forks_count": 0,
            "mirror_url": null, "archived": false, "disabled": false, "open_issues_count": open, "license": null,
            "allow_forking": true, "is_template": false, "web_commit_signoff_required": false, "topics": [],
            "visibility": if repo.private { "private" } else { "public" },
            "forks": 0, "open_issues": open, "watchers": 0, "default_branch": repo.default_branch,
        }),
    );
    value
}

/// A `git-ref`.
pub(crate) fn reference(world: &World, repo: &Repo, name: &str, sha: &Sha) -> Result<Value, Refusal> {
    let kind = match repo.git.object(sha)? {
        Some(Object::Tag(_)) => "tag",
        Some(Object::Tree(_)) => "tree",
        Some(Object::Blob(_)) => "blob",
        _ => "commit",
    };
    let url = world.site.repo(&repo.full_name());
    Ok(json!({
        "ref": name, "node_id": node_id("Ref", format_args!("{}:{name}", repo.id)),
        "url": format!("{url}/git/{name}"),
        "object": { "sha": sha, "type": kind, "url": format!("{url}/git/{kind}s/{sha}") },
    }))
}
