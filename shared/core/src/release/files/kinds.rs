//! The kinds of version files, one text at a time: which places of it hold the version.

use semver::{BuildMetadata, Version};

use super::{
    cargo,
    edit::{Edit, line_of},
    fault::Trouble,
    marked, npm, number, path, pattern, pointer, pom,
    tree::{self, Node},
};
use crate::release::settings::{FileKind, VersionFile};

/// What one text's version becomes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub from: Option<&'a Version>,
    pub to: &'a Version,
    /// The package whose version it is, where a file has several.
    pub package: Option<&'a str>,
}

/// What a file is by its name: `None` = any text.
pub fn kind_of(file: &str) -> Option<FileKind> {
    Some(match path::name(file) {
        "Cargo.toml" => FileKind::CargoToml,
        "Cargo.lock" => FileKind::CargoLock,
        "package.json" => FileKind::PackageJson,
        "package-lock.json" | "npm-shrinkwrap.json" => FileKind::PackageLock,
        "pyproject.toml" => FileKind::Pyproject,
        "Chart.yaml" => FileKind::Chart,
        "composer.json" => FileKind::Composer,
        "pom.xml" => FileKind::Pom,
        "pubspec.yaml" => FileKind::Pubspec,
        "version.txt" | "VERSION" | "VERSION.txt" => FileKind::VersionTxt,
        _ => return None,
    })
}

/// What a configured file is: what it says, else by its name, unless it says where the version stands.
pub(super) fn kind(file: &VersionFile) -> Result<FileKind, Trouble> {
    let located = file.pointer.is_some() || file.regex.is_some();
    if file.pointer.is_some() && file.regex.is_some() {
        return Err(Trouble::new("it has a `pointer` and a `regex`: keep the one that finds the version"));
    }
    let kind = match file.kind {
        Some(FileKind::Generic) | None if located => FileKind::Generic,
        Some(_) if located => {
            return Err(Trouble::new("a `pointer` or a `regex` belongs to the kind `generic`"));
        }
        Some(kind) => kind,
        None => kind_of(&file.path).unwrap_or(FileKind::Generic),
    };
    let has_packages = matches!(
        kind,
        FileKind::CargoToml | FileKind::CargoLock | FileKind::PackageJson | FileKind::PackageLock
    );
    if file.package.is_some() && !has_packages {
        return Err(Trouble::new("`package` is for Cargo's and npm's files: this one holds one version"));
    }
    Ok(kind)
}

/// The edits of one text by itself. The first is the file's own version.
pub(super) fn edits(file: &VersionFile, text: &str, target: Target<'_>) -> Result<Vec<Edit>, Trouble> {
    match kind(file)? {
        FileKind::CargoToml => cargo::alone(text, target),
        FileKind::CargoLock => cargo::lock_alone(text, target),
        FileKind::PackageJson => npm::alone(text, target),
        FileKind::PackageLock => npm::lock_alone(text, target),
        FileKind::Pyproject => pyproject(text, target.to),
        FileKind::Chart => chart(text, target.to),
        FileKind::Composer => composer(text, target.to),
        FileKind::Pom => pom::edits(text, target.to),
        FileKind::Pubspec => pubspec(text, target.to),
        FileKind::VersionTxt => version_txt(text, target.to),
        FileKind::Generic => match (&file.pointer, &file.regex) {
            (Some(at), _) => pointer::edits(&file.path, text, at, target.from, target.to),
            (None, Some(regex)) => pattern::edits(text, regex, target.to),
            (None, None) => marked::edits(text, target.from, target.to),
        },
    }
}

/// The edit that makes a text the version.
pub(super) fn set(text: &str, node: &Node, what: &str, to: &str) -> Result<Edit, Trouble> {
    let spot = node.spot().ok_or_else(|| {
        let line = line_of(text, node.span.start);
        let message = format!("`{what}` is no text: write it as \"1.2.3\"");
        if node.span.is_empty() { Trouble::new(message) } else { Trouble::at(line, message) }
    })?;
    Ok(Edit::new(spot.span, to))
}

fn pyproject(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let root = tree::toml(text)?;
    let (project, poetry) = (root.get("project"), root.at(&["tool", "poetry"]));
    let mut edits = Vec::new();
    for (table, what) in [(project, "project.version"), (poetry, "tool.poetry.version")] {
        if let Some(node) = table.and_then(|table| table.get("version")) {
            edits.push(set(text, node, what, &to.to_string())?);
        }
    }
    let dynamic =
        root.at(&["project", "dynamic"]).is_some_and(|list| list.texts().any(|key| key == "version"));
    match edits.is_empty() {
        false => Ok(edits),
        true if dynamic => Err(Trouble::new(
            "its version is dynamic: name the file that holds it under `version_files`, unless it comes from the tag",
        )),
        true if project.is_none() && poetry.is_none() => {
            Err(Trouble::usual("it has neither a table `project` nor `tool.poetry`: it describes no package"))
        }
        true => Err(Trouble::new("it has no version: add `version = \"0.0.0\"` to its table `project`")),
    }
}

fn chart(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let roots = tree::yaml(text)?;
    let root = roots.first().ok_or_else(|| Trouble::new("the file is empty"))?;
    let node = root.get("version").ok_or_else(|| Trouble::new("it has no version: add `version: 0.0.0`"))?;
    let version = set(text, node, "version", &to.to_string())?;
    let mut edits = vec![version];
    if let Some(app) = root.get("appVersion").and_then(Node::spot) {
        let prefix = number::prefix(&text[app.span.clone()]);
        if node.text() == Some(&app.text[prefix..]) {
            edits.push(Edit::new(app.span.start + prefix..app.span.end, to.to_string()));
        }
    }
    Ok(edits)
}

fn composer(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let root = tree::json(text)?;
    let node = root.get("version").ok_or_else(|| {
        Trouble::usual("it has no version, as Composer takes it from the tag: leave the file out of `version_files`, or add one")
    })?;
    Ok(vec![set(text, node, "version", &to.to_string())?])
}

/// The build number counts uploads to the stores, not releases: it stays, unless the version brings one.
fn pubspec(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let roots = tree::yaml(text)?;
    let node = roots.first().and_then(|root| root.get("version"));
    let node = node.ok_or_else(|| Trouble::new("it has no version: add `version: 0.0.0`"))?;
    let build = node.text().and_then(|before| before.split_once('+')).map(|(_, build)| build);
    let after = match build {
        Some(build) if to.build == BuildMetadata::EMPTY => format!("{to}+{build}"),
        _ => to.to_string(),
    };
    Ok(vec![set(text, node, "version", &after)?])
}

fn version_txt(text: &str, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let bare = text.trim_start_matches('\u{feff}').trim();
    let start = text.find(bare).unwrap_or_default();
    if bare.is_empty() {
        let start = text.strip_prefix('\u{feff}').map_or(0, |rest| text.len() - rest.len());
        return Ok(vec![Edit::new(start..start, to.to_string())]);
    }
    if !number::reads_as_version(bare) {
        let message = "it holds more than a version: mark the version's line with `x-pointsman-version` and set `kind: generic`";
        return Err(Trouble::at(line_of(text, start), message));
    }
    Ok(vec![Edit::new(start + number::prefix(bare)..start + bare.len(), to.to_string())])
}
