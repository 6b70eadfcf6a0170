//! The App: its key, whether GitHub takes it, what it may and hears of. Then its webhook and its installations.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use pointsman_core::{
    config::{self, Config},
    port::{ErrorKind, PortError, SecretRef},
};
use pointsman_github::{self as github, AppInfo, BaseUrl, Github, Ports, Refusal, Slug};

use super::{Findings, Tools, clock::Watched, hook, installed, repository};
use crate::wanted::{self, EVENTS, PERMISSIONS, Page};

/// An App of the configuration, as it is looked at.
pub struct Patient<'a> {
    /// The whole configuration.
    pub config: &'a Config,
    /// The source that is bound to it.
    pub source: &'a str,
    /// Whether the release stages work with it.
    pub releases: bool,
    /// GitHub, as the App sees it.
    pub github: Github,
    /// What it says of itself.
    pub info: AppInfo,
}

impl Patient<'_> {
    /// A page of its settings.
    pub fn settings(&self, page: Page) -> String {
        wanted::settings(self.github.base_url(), &self.info, page)
    }
}

/// Looks at every App that a source is bound to.
pub async fn look(config: &Config, repo: Option<&Slug>, tools: &Tools, found: &mut Findings) {
    let apps: Vec<_> = config
        .sources
        .iter()
        .filter_map(|(name, source)| Some((name.as_str(), source.app.as_ref()?)))
        .collect();
    releases(config, &apps, found);
    let working = config.release_app().map(|(name, _)| name).or(apps.first().map(|(name, _)| *name));
    if let (None, Some(slug)) = (working, repo) {
        let todo = "`pointsman app create` makes an App and writes it";
        found.fail(
            "repository",
            format!("{slug} is seen through a GitHub App, and no source has an `app`"),
            todo,
        );
    }
    for (source, app) in &apps {
        found.of = if apps.len() > 1 { format!(" ({source})") } else { String::new() };
        let repo = repo.filter(|_| working == Some(source));
        one(config, source, app, repo, tools, found).await;
    }
    found.of.clear();
}

fn releases(config: &Config, apps: &[(&str, &config::App)], found: &mut Findings) {
    let check = "releases";
    match config.release_app() {
        Some((source, app)) => found.ok(check, format!("enabled, with the App {} of `{source}`", app.id)),
        None if apps.is_empty() => {
            let todo = "if releases are wanted: `pointsman app create` makes an App and writes it";
            found.doubt(check, "off, and no source is bound to a GitHub App", todo);
        }
        None => found.doubt(check, "off", "if releases are wanted: `release: { enabled: true }`"),
    }
}

async fn one(
    config: &Config,
    source: &str,
    app: &config::App,
    repo: Option<&Slug>,
    tools: &Tools,
    found: &mut Findings,
) {
    if !key(&app.private_key, tools, found).await {
        return;
    }
    let base: BaseUrl = match app.base_url.parse() {
        Ok(base) => base,
        Err(why) => return found.fail("github", why, "correct `base_url`"),
    };
    let watched = Arc::new(Watched::new(tools.http.clone(), tools.clock.clone()));
    let github = client(app, &base, watched.clone(), tools);
    let info = match github.app().await {
        Ok(info) => info,
        Err(error) => {
            refused(app, &base, &error, found);
            return watched.look(found);
        }
    };
    found.ok("github", format!("{base} knows the App {} (id {})", info.slug, info.id));
    watched.look(found);
    if app.slug.as_ref().is_some_and(|slug| *slug != info.slug) {
        let seen = format!("GitHub calls the App {}, the configuration something else", info.slug);
        found.doubt("slug", seen, format!("write `slug: {}`, or leave it out", info.slug));
    }
    let releases = config.release_app().is_some_and(|(name, _)| name == source);
    let patient = Patient { config, source, releases, github, info };
    hook::look(&patient, tools.clock.now(), found).await;
    rights(&patient, found);
    installed::look(&patient, tools.clock.now(), found).await;
    if let Some(slug) = repo {
        repository::look(&patient, slug, found).await;
    }
}

fn client(app: &config::App, base: &BaseUrl, http: Arc<Watched>, tools: &Tools) -> Github {
    let identity =
        github::App { id: app.id.to_string(), private_key: app.private_key.clone(), base_url: base.clone() };
    let (clock, secrets) = (tools.clock.clone(), tools.secrets.clone());
    Github::new(identity, Ports { http, records: None, clock, secrets })
}

/// Whether there is a key to sign with.
async fn key(reference: &SecretRef, tools: &Tools, found: &mut Findings) -> bool {
    let check = "app key";
    if let Err(error) = tools.secrets.get(reference).await {
        found.fail(
            check,
            error.to_string(),
            "put the App's private key there; its settings page makes a new one",
        );
        return false;
    }
    if let SecretRef::File(path) = reference
        && readable_by_others(&tools.folder.join(path))
    {
        let path = tools.folder.join(path).display().to_string();
        found.doubt(
            check,
            format!("{path} may be read by other users of this machine"),
            format!("chmod 600 {path}"),
        );
    } else {
        found.ok(check, format!("{reference} can be read"));
    }
    true
}

fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// Why GitHub did not answer as to its App.
fn refused(app: &config::App, base: &BaseUrl, error: &PortError, found: &mut Findings) {
    let (seen, todo) = match (error.kind, Refusal::of(error)) {
        (ErrorKind::Denied, Some(Refusal::Credentials)) | (ErrorKind::NotFound, _) => (
            format!("{base} does not take the key for the App {}", app.id),
            "see that `id` is the App's own, that the key is one of its keys, and that the clock is right"
                .to_owned(),
        ),
        (ErrorKind::Denied, None) => {
            (error.to_string(), "make a new private key on the App's settings page".into())
        }
        (ErrorKind::Throttled { .. }, _) => (error.to_string(), "wait, then run this again".into()),
        _ => (error.to_string(), format!("see that this machine reaches {base}")),
    };
    found.fail("github", seen, todo);
}

/// What the App may and hears of, as it is set up; its installations may lag behind.
fn rights(patient: &Patient<'_>, found: &mut Findings) {
    let settings = patient.settings(Page::Permissions);
    let missing = patient.info.missing_permissions();
    let level = |name: &str, level: &str| format!("{name}: {level}");
    let wanted = PERMISSIONS.iter().map(|(name, it)| level(name, it)).collect::<Vec<_>>().join(", ");
    if missing.is_empty() {
        found.ok("permissions", wanted);
    } else {
        let seen = format!("the App lacks {}", missing.join(", "));
        let todo = format!("grant it at {settings}, then accept it in each installation");
        let status = if patient.releases { super::Status::Failed } else { super::Status::Warning };
        found.add(status, "permissions", seen, Some(todo));
    }
    let hears = |event: &&str| patient.info.events.iter().any(|it| it == event);
    let deaf: Vec<&str> = EVENTS.iter().copied().filter(|event| !hears(event)).collect();
    if patient.releases && !deaf.is_empty() {
        let todo = format!("subscribe to it at {settings}");
        found.fail("events", format!("the App does not hear of {}", deaf.join(", ")), todo);
        return;
    }
    let asked = asked(patient.config, patient.source);
    let deaf: Vec<&str> = asked.iter().map(String::as_str).filter(|event| !hears(event)).collect();
    if deaf.is_empty() {
        found.ok("events", patient.info.events.join(", "));
    } else {
        let seen = format!("subscriptions want {}, which the App does not hear of", deaf.join(", "));
        found.doubt("events", seen, format!("subscribe to it at {settings}"));
    }
}

/// Events that subscriptions to this source name outright, but for those that every App is told of.
fn asked(config: &Config, source: &str) -> BTreeSet<String> {
    let all = config.all_subscriptions();
    let ours = all.iter().filter(|it| it.source.as_deref().is_none_or(|name| name == source));
    let names = ours.flat_map(|it| &it.events).map(|event| event.split('.').next().unwrap_or_default());
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let always = |name: &&str| {
        name.starts_with("installation") || matches!(*name, "" | "ping" | "github_app_authorization" | "meta")
    };
    names.filter(plain).filter(|name| !always(name)).map(str::to_owned).collect()
}
