//! What must fit together: tags that name one component, files that one component writes, groups of one mind.

use semver::Version;

use crate::{
    config::{Fault, node::Cursor},
    release::{Settings, settings::Part},
};

/// The faults of the settings as a whole, at their places in the file.
pub(in crate::release::settings) fn together(settings: &Settings, root: &Cursor<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let place = |keys: &[&str]| {
        let mut cursor = root.clone();
        for key in keys {
            match cursor.get(key) {
                Some(next) => cursor = next,
                None => break,
            }
        }
        cursor
    };
    if settings.components.is_empty() {
        if settings.tag_format.as_ref().is_some_and(|format| format.contains("{component}")) {
            faults.push(place(&["release", "tag_format"]).fault("there are no components for `{component}`"));
        }
        return faults;
    }
    let parts = settings.parts();
    for (index, part) in parts.iter().enumerate() {
        let name = part.component.as_deref().unwrap_or_default();
        for other in &parts[..index] {
            let before = other.component.as_deref().unwrap_or_default();
            if mistaken(part, other) || mistaken(other, part) {
                let fault = place(&["release", "components", name, "tag_format"])
                    .fault(format!("tags of `{name}` and of `{before}` could not be told apart"));
                faults
                    .push(fault.hint("put `{component}` into `tag_format`, or give each component its own"));
            }
            if part.changelog.is_some() && part.changelog == other.changelog {
                let file = part.changelog.as_deref().unwrap_or_default();
                let fault = place(&["release", "components", name, "changelog"])
                    .fault(format!("`{name}` and `{before}` have one changelog, {file}"));
                faults.push(fault.hint("give one of them another, or `changelog: false`"));
            }
            if part.group.is_some() && part.group == other.group && !of_one_mind(part, other) {
                let group = part.group.as_deref().unwrap_or_default();
                let fault = place(&["release", "components", name]).fault(format!(
                    "`{name}` and `{before}` are of the group `{group}`, but do not get their versions in the same way"
                ));
                faults.push(fault.hint("give both the same strategy, initial_version and prerelease_type"));
            }
        }
    }
    faults
}

/// Whether a tag of the one reads as one of the other's.
fn mistaken(one: &Part, other: &Part) -> bool {
    let tried = [
        Version::new(1, 2, 3),
        Version { pre: "beta.1".parse().unwrap_or_default(), ..Version::new(1, 2, 3) },
    ];
    tried.iter().any(|version| other.tag_format.version(&one.tag_format.tag(version)).is_some())
}

fn of_one_mind(one: &Part, other: &Part) -> bool {
    (one.strategy, &one.initial_version, &one.prerelease_type)
        == (other.strategy, &other.initial_version, &other.prerelease_type)
}
