//! The App: itself, its installations, their tokens, and the manifest flow that makes one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    auth::Principal,
    page::{Page, list},
    reply::{Answer, Refusal, Reply, not_found, refuse},
    route::{Call, Operation, op},
    shape,
    state::{App, Installation, Token, World},
};

pub(super) const OPERATIONS: &[Operation] = &[
    op("GET", "/app", "jwt", app),
    op("GET", "/app/installations", "jwt", installations),
    op("GET", "/app/installations/{installation_id}", "jwt", installation),
    op("POST", "/app/installations/{installation_id}/access_tokens", "jwt", token),
    op("PUT", "/app/installations/{installation_id}/suspended", "jwt", suspend),
    op("DELETE", "/app/installations/{installation_id}/suspended", "jwt", unsuspend),
    op("GET", "/repos/{owner}/{repo}/installation", "jwt", of_repository),
    op("GET", "/installation/repositories", "", repositories),
    op("GET", "/orgs/{org}/repos", "", of_organization),
    op("DELETE", "/installation/token", "", revoke),
    op("POST", "/app-manifests/{code}/conversions", "", convert),
];

fn caller<'a>(world: &'a World, call: &Call) -> Result<&'a App, Refusal> {
    let Principal::App { id } = call.principal else { return Err(not_found()) };
    world.apps.get(&id).ok_or_else(not_found)
}

fn app(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(shape::integration(world, caller(world, call)?)))
}

fn installations(world: &mut World, call: &Call) -> Answer {
    let id = caller(world, call)?.id;
    let all: Vec<_> = world.installations.values().filter(|it| it.app == id).collect();
    Ok(list(world, call, &all, |it| shape::installation(world, it)))
}

fn named<'a>(world: &'a World, call: &Call) -> Result<&'a Installation, Refusal> {
    let app = caller(world, call)?.id;
    let known = world.installations.get(&call.number("installation_id"));
    known.filter(|it| it.app == app).ok_or_else(not_found)
}

fn installation(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(shape::installation(world, named(world, call)?)))
}

fn of_repository(world: &mut World, call: &Call) -> Answer {
    let (app, key) = (caller(world, call)?.id, call.repo());
    let repo = world.repo(&key)?;
    let covers = |it: &&Installation| {
        it.app == app
            && it.account.eq_ignore_ascii_case(&repo.owner)
            && it.repositories.as_ref().is_none_or(|names| names.contains(&key))
    };
    Ok(Reply::ok(shape::installation(
        world,
        world.installations.values().find(covers).ok_or_else(not_found)?,
    )))
}

/// For an hour; for fewer repositories and permissions, if that is asked; never for more.
fn token(world: &mut World, call: &Call) -> Answer {
    let it = named(world, call)?.clone();
    if it.suspended.is_some() {
        return Err(refuse(403, "This installation has been suspended"));
    }
    let repositories = asked_repositories(world, &it, &call.body)?;
    let mut permissions: BTreeMap<String, String> = it.permissions.clone();
    if let Some(asked) = call.body["permissions"].as_object() {
        permissions.clear();
        for (name, level) in asked {
            let level = level.as_str().unwrap_or("");
            let have = it.permissions.get(name).map_or("", String::as_str);
            if have != level && !(have == "write" && level == "read") {
                return Err(refuse(422, "The permissions requested are not granted to this installation."));
            }
            permissions.insert(name.clone(), level.to_owned());
        }
        if let Some(metadata) = it.permissions.get("metadata") {
            permissions.insert("metadata".into(), metadata.clone());
        }
    }
    let expires = world.now.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
    let token = format!("ghs_{:036}", world.id());
    let mut body = json!({
        "token": token, "expires_at": shape::time(expires), "permissions": permissions,
        "repository_selection": if repositories.is_some() || it.repositories.is_some() { "selected" } else { "all" },
    });
    if let Some(names) = &repositories {
        let forms =
            names.iter().filter_map(|name| world.repos.get(name)).map(|repo| shape::repository(world, repo));
        body["repositories"] = json!(forms.collect::<Vec<_>>());
    }
    let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
    world
        .tokens
        .insert(token, Token::Installation { installation: it.id, permissions, repositories, expires });
    Ok(Reply::json(201, body))
}

/// The repositories that the body names, by name or id.
fn asked_repositories(
    world: &World,
    it: &Installation,
    body: &Value,
) -> Result<Option<BTreeSet<String>>, Refusal> {
    let refused = || {
        refuse(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let covered = |key: &String| it.repositories.as_ref().is_none_or(|names| names.contains(key));
    let mut names = BTreeSet::new();
    for name in body["repositories"].as_array().into_iter().flatten() {
        let key = format!("{}/{}", it.account, name.as_str().unwrap_or("")).to_lowercase();
        let known = world.repos.contains_key(&key) && covered(&key);
        names.insert(known.then_some(key).ok_or_else(refused)?);
    }
    for id in body["repository_ids"].as_array().into_iter().flatten() {
        let repo = world.repos.values().find(|repo| Some(repo.id) == id.as_u64()).ok_or_else(refused)?;
        let key = repo.key();
        let known = repo.owner.eq_ignore_ascii_case(&it.account) && covered(&key);
        names.insert(known.then_some(key).ok_or_else(refused)?);
    }
    let asked = body.get("repositories").or(body.get("repository_ids")).is_some_and(Value::is_array);
    Ok(asked.then_some(names))
}

fn suspend(world: &mut World, call: &Call) -> Answer {
    let (id, now) = (named(world, call)?.id, world.now);
    world.installations.entry(id).and_modify(|it| it.suspended = Some(now));
    Ok(Reply::no_content())
}

fn unsuspend(world: &mut World, call: &Call) -> Answer {
    let id = named(world, call)?.id;
    world.installations.entry(id).and_modify(|it| it.suspended = None);
    Ok(Reply::no_content())
}

/// What the person who asks may see.
fn of_organization(world: &mut World, call: &Call) -> Answer {
    let seen = world.repos.values().filter(|repo| {
        let visible = !repo.private || repo.role(&call.login()) != "none";
        visible && repo.owner.eq_ignore_ascii_case(call.param("org"))
    });
    let all: Vec<_> = seen.collect();
    Ok(list(world, call, &all, |repo| shape::repository(world, repo)))
}

fn repositories(world: &mut World, call: &Call) -> Answer {
    let Principal::Installation { account, repositories, .. } = &call.principal else {
        return Err(refuse(
            403,
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let seen = world.repos.iter().filter(|(key, repo)| {
        repo.owner.eq_ignore_ascii_case(account)
            && repositories.as_ref().is_none_or(|names| names.contains(*key))
    });
    let all: Vec<_> = seen.map(|(_, repo)| repo).collect();
    let page = Page::of(call, 100);
    let forms: Vec<_> = page.cut(&all).iter().map(|repo| shape::repository(world, repo)).collect();
    let selection = if repositories.is_some() { "selected" } else { "all" };
    let mut reply = Reply::ok(
        json!({ "total_count": all.len(), "repository_selection": selection, "repositories": forms }),
    );
    reply.headers.extend(page.link(world, call, all.len()));
    Ok(reply)
}

fn revoke(world: &mut World, call: &Call) -> Answer {
    let Principal::Installation { .. } = call.principal else { return Err(not_found()) };
    let token = call.query.get("token of this request").cloned().unwrap_or_default();
    world.tokens.remove(&token);
    Ok(Reply::no_content())
}

/// A manifest's code, once.
fn convert(world: &mut World, call: &Call) -> Answer {
    let manifest = world.manifests.remove(call.param("code")).ok_or_else(not_found)?;
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let permissions = manifest["default_permissions"].as_object().into_iter().flatten();
    let permissions =
        permissions.filter_map(|(name, level)| Some((name.clone(), level.as_str()?.to_owned()))).collect();
    let name = manifest["name"].as_str().unwrap_or("app").to_owned();
    let owner = manifest["owner"].as_str().unwrap_or("octocat").to_owned();
    let id = crate::setup::add_app(world, &name, &owner, permissions, list(&manifest["default_events"]));
    let app = world.apps.get_mut(&id).ok_or_else(not_found)?;
    app.hook_url = manifest["hook_attributes"]["url"].as_str().unwrap_or("").to_owned();
    let app = app.clone();
    let mut body = shape::integration(world, &app);
    shape::extend(
        &mut body,
        json!({
            "client_secret": format!("{id:040x}"), "webhook_secret": app.secret, "pem": &*crate::PRIVATE_KEY,
        }),
    );
    Ok(Reply::json(201, body))
}
