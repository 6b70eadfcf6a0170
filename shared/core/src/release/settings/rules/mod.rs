//! Our own rules for a settings file: what a JSON Schema cannot say. They walk whatever is there; what is missing or
//! mistyped is the schema's.

mod names;
mod paths;
mod together;

use semver::{Prerelease, Version};

use super::{layers::parts, read::keys_of};
use crate::{
    config::{Fault, fault::suggest, node::Cursor},
    release::{
        next::Format,
        template::{self, Kind},
    },
};

pub(super) use together::together;

/// What the rules found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

pub(super) fn check(root: &Cursor<'_>) -> Findings {
    let mut found = Findings::default();
    if let Some(release) = root.get("release") {
        found.versions(&release);
        found.templates(&release);
        paths::check(&release, &mut found);
        names::check(&release, &mut found);
        for (_, component) in release.get("components").iter().flat_map(Cursor::entries) {
            found.versions(&component);
        }
        for target in release.list("targets") {
            found.versions(&target);
        }
    }
    for field in root.list("locked") {
        if let Some(text) = field.text() {
            found.locked(&field, text);
        }
    }
    found
}

impl Findings {
    /// What a rule says against the text under a key.
    fn text(&mut self, of: &Cursor<'_>, key: &str, rule: impl FnOnce(&str) -> Result<(), String>) {
        if let Some((cursor, text)) = of.text_of(key) {
            self.judge(&cursor, rule(text));
        }
    }

    fn judge(&mut self, cursor: &Cursor<'_>, judged: Result<(), String>) {
        if let Err(message) = judged {
            self.faults.push(cursor.fault(message));
        }
    }

    fn versions(&mut self, of: &Cursor<'_>) {
        self.text(of, "initial_version", initial_version);
        self.text(of, "prerelease_type", prerelease_type);
        self.text(of, "calver_format", |text| Format::parse(text).map(drop));
    }

    fn templates(&mut self, release: &Cursor<'_>) {
        if let Some(changelog) = release.get("changelog") {
            self.text(&changelog, "template", |text| template::check(Kind::Changelog, text));
        }
        let Some(pull_request) = release.get("pull_request") else { return };
        for (key, kind) in [("title", Kind::Title), ("body", Kind::Body), ("release_name", Kind::ReleaseName)]
        {
            self.text(&pull_request, key, |text| template::check(kind, text));
        }
    }

    /// A locked field is one that there is.
    fn locked(&mut self, cursor: &Cursor<'_>, field: &str) {
        let parts = parts(field);
        let (first, rest) = parts.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        if first != "release" {
            let fault = cursor.fault(format!("`{field}` is no field")).hint("such as `release.strategy`");
            return self.faults.push(fault);
        }
        for (depth, key) in rest.iter().enumerate() {
            match keys_of(&parts[..=depth]) {
                Some(known) if !known.contains(key) => {
                    let fault = cursor.fault(format!("`{field}` is no field")).hint(suggest(key, &known));
                    return self.faults.push(fault);
                }
                None if depth == 1 && !matches!(rest[0], "types" | "components") => {
                    return self
                        .faults
                        .push(cursor.fault(format!("`{field}` is no field: lock `{first}.{}`", rest[0])));
                }
                _ => {}
            }
        }
    }
}

fn initial_version(text: &str) -> Result<(), String> {
    let version: Version =
        text.parse().map_err(|_| format!("`{text}` is no semantic version, such as 0.1.0"))?;
    if version.build.is_empty() {
        Ok(())
    } else {
        Err(format!("`{text}`: what follows the + has no place here"))
    }
}

fn prerelease_type(text: &str) -> Result<(), String> {
    let plain = !text.is_empty() && !text.contains('.') && Prerelease::new(text).is_ok();
    if plain && !text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 40 {
        return Ok(());
    }
    Err(format!(
        "`{text}` cannot stand before a pre-release's number: use letters, digits and -, such as beta or rc"
    ))
}
