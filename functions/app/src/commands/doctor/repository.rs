//! One repository: whether the App sees it and releases it, and what its settings say.

use pointsman_core::{
    config::Faults,
    release::settings::{self, FILE},
};
use pointsman_github::{Installation, RefName, Repository, RepositoryInfo, Slug};

use super::{Findings, app::Patient, installed};
use crate::wanted;

/// Looks at it.
pub async fn look(patient: &Patient<'_>, slug: &Slug, found: &mut Findings) {
    let check = "repository";
    let Some(installation) = installation(patient, slug, found).await else { return };
    let repository = installation.repository(slug.clone());
    let info = match repository.info().await {
        Ok(info) => info,
        Err(error) => {
            return found.fail(
                check,
                error.to_string(),
                "see the installation's permissions and repositories",
            );
        }
    };
    let name = &info.full_name;
    if info.archived {
        found.doubt(check, format!("{name} is archived: nothing can be released"), "unarchive it");
    } else if patient.releases && !installed::is_released(patient, name) {
        let todo = "add a pattern that admits it";
        found.doubt(check, format!("{name} is not among `release.repositories`"), todo);
    } else {
        found.ok(check, format!("the App sees {name}; its branch is {}", info.default_branch));
    }
    settings_of(patient, &repository, &info, found).await;
}

async fn installation(patient: &Patient<'_>, slug: &Slug, found: &mut Findings) -> Option<Installation> {
    let check = "repository";
    match patient.github.installation_of(slug).await {
        Ok(Some(installation)) => return Some(installation),
        Ok(None) => {
            let install = wanted::install(patient.github.base_url(), &patient.info);
            let todo = format!("see how it is written, or install the App there: {install}");
            found.fail(check, format!("the App sees no {slug}"), todo);
        }
        Err(error) => found.fail(check, error.to_string(), "run this again later"),
    }
    None
}

/// The settings on the branch that people see first.
async fn settings_of(
    patient: &Patient<'_>,
    repository: &Repository,
    info: &RepositoryInfo,
    found: &mut Findings,
) {
    let check = "settings";
    let branch = match RefName::branch(&info.default_branch) {
        Ok(branch) => branch,
        Err(error) => return found.fail(check, error.to_string(), "rename the branch"),
    };
    let head = match repository.head(&branch).await {
        Ok(Some(head)) => head,
        Ok(None) => {
            return found.doubt(
                check,
                format!("{} has no commit yet", info.full_name),
                "push a first commit",
            );
        }
        Err(error) => return found.fail(check, error.to_string(), "run this again later"),
    };
    match repository.text(FILE, &head, settings::LONGEST).await {
        Ok(None) => found.ok(check, format!("there is no {FILE}: the defaults are in force")),
        Ok(Some(text)) => match read(patient, &text, repository.slug()) {
            Ok(checked) if checked.warnings.is_empty() => found.ok(check, format!("{FILE} has no faults")),
            Ok(checked) => {
                let lines = checked.warnings.iter().map(|warning| format!("{FILE}:{warning}"));
                found.doubt(check, lines.collect::<Vec<_>>().join("\n"), "see whether it is meant so");
            }
            Err(faults) => {
                let todo = format!(
                    "correct it on {}; until then the last good settings are in force",
                    branch.name()
                );
                found.fail(check, faults.to_string(), todo);
            }
        },
        Err(error) => found.fail(check, error.to_string(), "correct it"),
    }
}

/// Over the layers that the configuration has for it: what they lock is a fault here.
fn read(patient: &Patient<'_>, text: &str, slug: &Slug) -> Result<settings::Checked, Faults> {
    let checked = settings::read(text, FILE)?;
    let above = &patient.config.release.layers;
    let organisation = above.organisations.get(&slug.owner().to_ascii_lowercase());
    let layers: Vec<_> = above.central.iter().chain(organisation).chain([&checked.layer]).cloned().collect();
    settings::resolve(&layers)?;
    Ok(checked)
}
