//! Where the App is installed, what it may there, what it sees, and how much of its limit is left.

use jiff::Timestamp;
use pointsman_core::pattern::List;
use pointsman_github::{InstallationInfo, RepositoryInfo};

use super::{Findings, app::Patient, counted};
use crate::wanted::{self, EVENTS};

/// So many installations are looked into: each costs two requests.
const LOOKED_INTO: usize = 20;

/// Looks at all.
pub async fn look(patient: &Patient<'_>, now: Timestamp, found: &mut Findings) {
    let all = match patient.github.installations().await {
        Ok(all) => all,
        Err(error) => return found.fail("installations", error.to_string(), "run this again later"),
    };
    let (suspended, active): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.suspended_at.is_some());
    let install = wanted::install(patient.github.base_url(), &patient.info);
    match (active.is_empty(), suspended.is_empty()) {
        (true, true) => {
            return found.fail(
                "installations",
                "the App is installed nowhere",
                format!("install it: {install}"),
            );
        }
        (_, false) => {
            let seen = format!("suspended: {}", names(&suspended));
            let todo = suspended.iter().map(|it| format!("lift that at {}", it.html_url)).collect::<Vec<_>>();
            let status = if active.is_empty() { super::Status::Failed } else { super::Status::Warning };
            found.add(status, "installations", seen, Some(todo.join("\n")));
        }
        (false, true) => {
            found.ok("installations", format!("{}: {}", counted(all.len(), "installation"), names(&active)))
        }
    }
    for it in &active {
        lacking(patient, it, found);
    }
    if !active.is_empty() {
        repositories(patient, &active, found).await;
        limits(patient, &active, now, found).await;
    }
}

fn name(it: &InstallationInfo) -> String {
    it.account.as_ref().map_or_else(|| it.id.to_string(), |account| account.login.clone())
}

fn names(all: &[&InstallationInfo]) -> String {
    let one = |it: &&InstallationInfo| {
        let of = if it.repository_selection == "all" { "all repositories" } else { "some repositories" };
        format!("{} ({of})", name(it))
    };
    let mut names: Vec<String> = all.iter().take(LOOKED_INTO).map(one).collect();
    if all.len() > LOOKED_INTO {
        names.push(format!("and {} more", all.len() - LOOKED_INTO));
    }
    names.join(", ")
}

/// What the App was granted later and nobody has accepted here yet.
fn lacking(patient: &Patient<'_>, it: &InstallationInfo, found: &mut Findings) {
    if !patient.releases {
        return;
    }
    let mut lacks = it.missing_permissions();
    let deaf = EVENTS.iter().filter(|event| !it.events.iter().any(|known| known == *event));
    lacks.extend(deaf.map(|event| format!("the event {event}")));
    if !lacks.is_empty() {
        let check = format!("installation {}", name(it));
        let todo = format!("accept the App's new permissions at {}", it.html_url);
        found.fail(&check, format!("it lacks {}", lacks.join(", ")), todo);
    }
}

async fn repositories(patient: &Patient<'_>, active: &[&InstallationInfo], found: &mut Findings) {
    let check = "repositories";
    let mut seen: Vec<RepositoryInfo> = Vec::new();
    for it in active.iter().take(LOOKED_INTO) {
        match patient.github.installation(it.id).repositories().await {
            Ok(more) => seen.extend(more),
            Err(error) => return found.fail(check, format!("{}: {error}", name(it)), "run this again later"),
        }
    }
    let released = seen.iter().filter(|it| !it.archived && is_released(patient, &it.full_name)).count();
    let mut text = format!("the App sees {}", counted_repositories(seen.len()));
    if active.len() > LOOKED_INTO {
        text.push_str(&format!(" in the first {LOOKED_INTO} installations"));
    }
    if patient.releases {
        text.push_str(&format!("; released: {released}"));
    }
    if seen.is_empty() || (patient.releases && released == 0) {
        let todo = "choose repositories in the installation's settings, and see `release.repositories`";
        found.doubt(check, text, todo);
    } else {
        found.ok(check, text);
    }
}

/// Whether `release.repositories` admits it.
pub fn is_released(patient: &Patient<'_>, full_name: &str) -> bool {
    let patterns: Vec<String> =
        patient.config.release.repositories.iter().map(|it| it.to_lowercase()).collect();
    let list = List::new(patterns.iter().map(String::as_str));
    patterns.is_empty() || list.is_ok_and(|list| list.matches(&[&full_name.to_lowercase()]))
}

async fn limits(patient: &Patient<'_>, active: &[&InstallationInfo], now: Timestamp, found: &mut Findings) {
    let mut least = None::<(u64, u64, String)>;
    for it in active.iter().take(LOOKED_INTO) {
        let Ok(limits) = patient.github.installation(it.id).rate_limits().await else { continue };
        let Some(core) = limits.resources.get("core") else { continue };
        let reset = Timestamp::from_second(core.reset).unwrap_or(now);
        let minutes = reset.duration_since(now).as_mins().max(0) + 1;
        let told = format!(
            "{} of {} requests left for {}, all again in {minutes} min",
            core.remaining,
            core.limit,
            name(it)
        );
        let part = core.remaining * 100 / core.limit.max(1);
        if least.as_ref().is_none_or(|(known, ..)| part < *known) {
            least = Some((part, core.remaining, told));
        }
    }
    let todo = "wait: work goes on by itself; if that happens often, something else uses the App up";
    match least {
        // An Enterprise Server may have no limits.
        None => {}
        Some((_, 0, told)) => found.fail("rate limit", told, todo),
        Some((0..10, _, told)) => found.doubt("rate limit", told, todo),
        Some((_, _, told)) => found.ok("rate limit", told),
    }
}

fn counted_repositories(count: usize) -> String {
    if count == 1 { "1 repository".into() } else { format!("{count} repositories") }
}
