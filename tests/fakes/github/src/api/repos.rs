//! Repositories, their branches, who may do what in them, and how much may still be asked.

use serde_json::json;

use crate::{
    page::list,
    reply::{Answer, Reply, refuse},
    route::{Call, Operation, op},
    shape,
    state::{Repo, World},
};

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/repos/{owner}/{repo}", "metadata:read", get),
    op("GET", "/repos/{owner}/{repo}/branches", "contents:read", branches),
    op("GET", "/repos/{owner}/{repo}/branches/{branch}", "contents:read", branch),
    op("GET", "/repos/{owner}/{repo}/tags", "metadata:read", tags),
    op("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", "metadata:read", permission),
    op("GET", "/rate_limit", "", rate_limit),
];

impl Repo {
    /// `admin`, `maintain`, `write`, `triage`, `read` or `none`.
    pub(crate) fn role(&self, login: &str) -> &'static str {
        if self.owner.eq_ignore_ascii_case(login) {
            return "admin";
        }
        let other = if self.private { "none" } else { "read" };
        self.roles.get(&login.to_lowercase()).copied().unwrap_or(other)
    }

    /// What comments say their author is to the repository.
    pub(crate) fn association(&self, login: &str) -> &'static str {
        match self.role(login) {
            "admin" if self.owner.eq_ignore_ascii_case(login) => "OWNER",
            "admin" | "maintain" | "write" | "triage" => "COLLABORATOR",
            _ => "NONE",
        }
    }
}

fn get(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let mut form = shape::repository(world, repo);
    shape::extend(
        &mut form,
        json!({
            "network_count": 0, "subscribers_count": 0, "allow_merge_commit": true, "allow_squash_merge": true,
            "allow_rebase_merge": true, "allow_auto_merge": false, "delete_branch_on_merge": false,
        "allow_update_branch": false, "use_squash_pr_title_as_default": false,
        }),
    );
    Ok(Reply::ok(form))
}

fn branches(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let url = world.site.repo(&repo.full_name());
    let all: Vec<_> =
        repo.refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix("refs/heads/")?, sha))).collect();
    Ok(list(
        world,
        call,
        &all,
        |(name, sha)| json!({ "name": name, "commit": { "sha": sha, "url": format!("{url}/commits/{sha}") }, "protected": false }),
    ))
}

fn branch(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let (name, missing) = (call.param("branch"), || refuse(404, "Branch not found"));
    let sha = repo.branch(name).ok_or_else(missing)?;
    let commit = repo.git.commit(sha)?.ok_or_else(missing)?;
    let url = format!("{}/branches/{name}", world.site.repo(&repo.full_name()));
    Ok(Reply::ok(json!({
        "name": name, "commit": shape::commit(world, repo, sha, &commit),
        "_links": { "self": url, "html": format!("{}/{}/tree/{name}", world.site.web, repo.full_name()) },
        "protected": false, "protection_url": format!("{url}/protection"),
        "protection": { "enabled": false, "required_status_checks": { "enforcement_level": "off", "contexts": [], "checks": [] } },
    })))
}

fn tags(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let url = world.site.repo(&repo.full_name());
    let mut all = Vec::new();
    for (name, sha) in &repo.refs {
        if let Some(name) = name.strip_prefix("refs/tags/") {
            all.extend(repo.git.peel(sha)?.map(|sha| (name, sha)));
        }
    }
    all.reverse();
    Ok(list(world, call, &all, |(name, sha)| {
        json!({
            "name": name, "zipball_url": format!("{url}/zipball/refs/tags/{name}"),
            "tarball_url": format!("{url}/tarball/refs/tags/{name}"),
            "commit": { "sha": sha, "url": format!("{url}/commits/{sha}") },
            "node_id": shape::node_id("Ref", format_args!("{}:refs/tags/{name}", repo.id)),
        })
    }))
}

fn permission(world: &mut World, call: &Call) -> Answer {
    let repo = world.repo(&call.repo())?;
    let login = call.param("username");
    if !world.users.contains_key(&login.to_lowercase()) {
        return Err(refuse(404, format!("{login} is not a user")));
    }
    let role = repo.role(login);
    let plain = match role {
        "maintain" => "write",
        "triage" => "read",
        other => other,
    };
    let mut user = shape::user(world, login);
    let may = |roles: &[&str]| roles.contains(&role);
    user["permissions"] = json!({
        "admin": may(&["admin"]), "maintain": may(&["admin", "maintain"]),
        "push": may(&["admin", "maintain", "write"]), "triage": may(&["admin", "maintain", "write", "triage"]),
        "pull": role != "none",
    });
    user["role_name"] = json!(role);
    Ok(Reply::ok(json!({ "permission": plain, "role_name": role, "user": user })))
}

fn rate_limit(world: &mut World, _: &Call) -> Answer {
    let reset = world.now.as_second() + 3600;
    let rate = |limit: u64| json!({ "limit": limit, "used": 0, "remaining": limit, "reset": reset });
    Ok(Reply::ok(json!({
        "resources": { "core": rate(5000), "search": rate(30), "graphql": rate(5000) }, "rate": rate(5000),
    })))
}
