//! Version files: finds them, and changes the version's own characters; all else stays byte for byte.
//!
//! Pure, in rounds: [`update`] says which further files it must see, until it is done. A manifest brings its workspace
//! and its lock file along.

mod cargo;
mod desk;
mod edit;
mod fault;
mod globs;
mod kinds;
mod marked;
mod npm;
mod number;
mod path;
mod pattern;
mod pointer;
mod pom;
mod requirement;
mod space;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

pub use edit::{Edited, Place};
pub use fault::{Fault, Faults};
pub use kinds::kind_of;
pub use path::{safe, within};
pub use pattern::check_regex;
pub use pointer::check_pointer;

use desk::Desk;
use fault::Trouble;
use kinds::Target;

use super::settings::{FileKind, VersionFile};

/// Whose version moves, and how.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The component's folder; empty for all of the repository.
    pub folder: &'a str,
    /// The configured files, relative to the folder; `None` = those that are found in it.
    pub configured: Option<&'a [VersionFile]>,
    /// The folders of components that do not move with this one (those of its own group do): nothing in them takes
    /// this version, but their requirements of what moves do follow.
    pub apart: &'a [String],
    /// The version that is released now.
    pub from: Option<&'a Version>,
    /// The next one.
    pub to: &'a Version,
}

/// What [`update`] came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It must see these files, too: all of them are among `paths`.
    Need(Vec<String>),
    /// The files that change, and what a person should know.
    Done {
        /// In the order of their paths, each once.
        changes: Vec<Change>,
        /// About found files without a version to change; one line each.
        warnings: Vec<String>,
    },
}

/// A file that a release changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its path from the repository's root.
    pub path: String,
    /// The version that it held.
    pub before: Option<String>,
    /// The version that it holds then.
    pub after: String,
    /// The whole new file.
    pub content: String,
}

/// Changes the version files, as far as they are known: `have` is what was read (`None` = no such file), or what
/// another component's changes made of it. Wants to be called again with what it needs.
pub fn update(
    asked: &Asked<'_>,
    paths: &BTreeSet<String>,
    have: &BTreeMap<String, Option<String>>,
) -> Result<Step, Faults> {
    let mut desk = Desk::new(paths, have);
    match path::folder(asked.folder) {
        Ok(folder) => files(&mut desk, &folder, asked),
        Err(trouble) => desk.tell(asked.folder, trouble, true),
    }
    desk.end(asked.to)
}

/// Changes one file by itself, nothing around it; `file.path` serves for its kind and for messages.
pub fn edit(file: &VersionFile, text: &str, from: Option<&Version>, to: &Version) -> Result<Edited, Fault> {
    let target = Target { from, to, package: file.package.as_deref() };
    let edits = kinds::edits(file, text, target).map_err(|trouble| trouble.of(&file.path))?;
    Ok(edit::splice(text, &edits))
}

/// The manifests and version files that are looked for in a component's folder. Lock files come with their manifests.
const FOUND: [&str; 8] = [
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "Chart.yaml",
    "composer.json",
    "pom.xml",
    "pubspec.yaml",
    "version.txt",
];

fn files(desk: &mut Desk<'_>, folder: &str, asked: &Asked<'_>) {
    let Some(configured) = asked.configured else {
        for name in FOUND {
            let path = path::within(folder, name);
            if desk.has(&path)
                && let Err(trouble) = file(desk, &of_name(&path), &path, asked)
            {
                desk.tell(&path, trouble, false);
            }
        }
        return;
    };
    for named in configured {
        let told = match safe(&named.path).map_err(Trouble::new) {
            Ok(below) => {
                let path = path::within(folder, &below);
                let done = if desk.has(&path) {
                    file(desk, named, &path, asked)
                } else {
                    Err(Trouble::new(
                        "there is no such file: correct its path under `version_files`, or add it",
                    ))
                };
                done.map_err(|trouble| (path, trouble))
            }
            Err(trouble) => Err((named.path.clone(), trouble)),
        };
        if let Err((path, trouble)) = told {
            desk.tell(&path, trouble, true);
        }
    }
}

fn of_name(path: &str) -> VersionFile {
    VersionFile { path: path.to_owned(), kind: None, package: None, pointer: None, regex: None }
}

fn file(desk: &mut Desk<'_>, named: &VersionFile, path: &str, asked: &Asked<'_>) -> Result<(), Trouble> {
    let (package, folder) = (named.package.as_deref(), path::parent(path));
    match kinds::kind(named)? {
        FileKind::CargoToml if path::name(path) == "Cargo.toml" => {
            return cargo::update(desk, folder, package, asked);
        }
        FileKind::PackageJson if path::name(path) == "package.json" => {
            return npm::update(desk, folder, package, asked);
        }
        _ => {}
    }
    if let Some(text) = desk.read(path) {
        let edits = kinds::edits(named, &text, Target { from: asked.from, to: asked.to, package })?;
        desk.change(path, &edits);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
