//! What a repository may say about its releases: the `release` part of `.github/pointsman.yaml`, as types.
//!
//! The doc comments are the schema's descriptions. A settings file names no command and no URL, and no path outside.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::Types;
use crate::release::Bump;

/// How a repository is released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How the next version follows from the changes. Default `semver`.
    pub strategy: Strategy,
    /// The first version, when no release exists. Default `0.1.0`.
    #[schemars(with = "String")]
    pub initial_version: Version,
    /// Before 1.0.0 a breaking change moves the minor version. Default true.
    pub bump_minor_pre_major: bool,
    /// Before 1.0.0 a feature moves the patch version. Default false.
    pub bump_patch_for_minor_pre_major: bool,
    /// With `prerelease`: what stands before the number, as in `1.2.0-beta.1`. Default `beta`.
    pub prerelease_type: String,
    /// With `calver`: the version's three parts, of `YYYY`, `YY`, `MM`, `WW`, `DD`, `MINOR` and `MICRO`. Default `YYYY.MM.MICRO`.
    pub calver_format: String,
    /// The tag, with `{version}` (and `{component}`) as places. Default `v{version}`; of a component `{component}-v{version}`.
    pub tag_format: Option<String>,
    /// What a commit's type moves, and the changelog's section that it is in; over the built-in rules, type by type.
    pub types: Types,
    /// Parts of the repository with versions of their own, by name. Default none: one version for all of it.
    pub components: BTreeMap<String, Component>,
    /// The files that hold the version. Default: those that are found.
    pub version_files: Option<Vec<VersionFile>>,
    /// The changelog.
    pub changelog: Changelog,
    /// The release pull request, and what is said on others.
    pub pull_request: PullRequest,
    /// The branches that are released, and what differs on them. Default: the repository's default branch.
    pub targets: Vec<Target>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: Strategy::Semver,
            initial_version: Version::new(0, 1, 0),
            bump_minor_pre_major: true,
            bump_patch_for_minor_pre_major: false,
            prerelease_type: "beta".into(),
            calver_format: "YYYY.MM.MICRO".into(),
            tag_format: None,
            types: Types::default(),
            components: BTreeMap::new(),
            version_files: None,
            changelog: Changelog::default(),
            pull_request: PullRequest::default(),
            targets: Vec::new(),
        }
    }
}

/// How the next version follows from the changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Semantic Versioning: a breaking change moves the major version, a feature the minor, a fix the patch.
    #[default]
    Semver,
    /// The next semantic version as a numbered pre-release: `1.2.0-beta.1`, `1.2.0-beta.2`.
    Prerelease,
    /// The date: `calver_format` says how.
    Calver,
    /// The patch version, whatever changed.
    AlwaysPatch,
    /// The minor version, whatever changed.
    AlwaysMinor,
    /// The major version, whatever changed.
    AlwaysMajor,
}

/// What commits of one type do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeRule {
    /// The changelog's section. Without it such commits are not in the changelog, unless they are breaking.
    pub section: Option<String>,
    /// What they move: `major`, `minor`, `patch` or `none`. Default: what the type moves without a rule, mostly `none`.
    pub bump: Option<Bump>,
}

/// A part of the repository with a version of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Component {
    /// Its folder; `.` is the repository's root. A commit belongs to the component when it changes a file below it. To be
    /// given.
    pub path: String,
    /// Further folders whose changes count for it too. Default none.
    pub include: Vec<String>,
    /// Folders below its own whose changes do not count. Default none.
    pub exclude: Vec<String>,
    /// Components of one group always have the same version; they need the same strategy. Default: of none.
    pub group: Option<String>,
    /// How its next version follows. Default: the repository's `strategy`.
    pub strategy: Option<Strategy>,
    /// Its first version. Default: the repository's `initial_version`.
    #[schemars(with = "Option<String>")]
    pub initial_version: Option<Version>,
    /// What stands before its pre-releases' number. Default: the repository's `prerelease_type`.
    pub prerelease_type: Option<String>,
    /// Its tags. Default: the repository's `tag_format`, else `{component}-v{version}`.
    pub tag_format: Option<String>,
    /// The files that hold its version, relative to its folder. Default: those that are found in its folder.
    pub version_files: Option<Vec<VersionFile>>,
    /// Its changelog, relative to its folder; `false` for none. Default: as `changelog.path`, in its folder.
    pub changelog: Option<ChangelogPath>,
}

/// A file that holds the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionFile {
    /// Its path from the repository's root (or the component's folder), with `/`.
    pub path: String,
    /// What it is. Default: by its name, else `generic`.
    pub kind: Option<FileKind>,
    /// The package whose version it is, in a lock file or a workspace.
    pub package: Option<String>,
    /// In a JSON, TOML or YAML file: where the version lies, such as `$.app.version`.
    pub pointer: Option<String>,
    /// In any text file: a regular expression with one group, which is the version.
    pub regex: Option<String>,
}

/// What a version file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// `Cargo.toml`: the package, the workspace, and its members' requirements of one another.
    CargoToml,
    /// `Cargo.lock`: the workspace's own packages.
    CargoLock,
    /// `package.json`.
    PackageJson,
    /// `package-lock.json` (and `npm-shrinkwrap.json`): the root package.
    PackageLock,
    /// `pyproject.toml`: PEP 621 or Poetry.
    Pyproject,
    /// `Chart.yaml`: `version`, and `appVersion` where it was the same.
    Chart,
    /// `composer.json`.
    Composer,
    /// `pom.xml`: the project's own version.
    Pom,
    /// `pubspec.yaml`; a build number (`+7`) is kept.
    Pubspec,
    /// `version.txt`: nothing but the version.
    VersionTxt,
    /// Any text: marked lines, `pointer` or `regex`.
    Generic,
}

/// A changelog's path, or `false` for none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ChangelogPath {
    /// The file.
    Path(String),
    /// Only `false`: no changelog is written.
    Off(bool),
}

/// The changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Changelog {
    /// The file; `false` for none. Default `CHANGELOG.md`.
    pub path: ChangelogPath,
    /// The section's template. Default: the built-in one.
    pub template: Option<String>,
    /// Names the authors of changes by their accounts. Default true.
    pub authors: bool,
    /// Greets those whose first change this is. Default true.
    pub new_contributors: bool,
}

impl Default for Changelog {
    fn default() -> Self {
        Self {
            path: ChangelogPath::Path("CHANGELOG.md".into()),
            template: None,
            authors: true,
            new_contributors: true,
        }
    }
}

/// The release pull request, the release that it becomes, and what is said on other pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PullRequest {
    /// Its title's template. Default: the built-in one.
    pub title: Option<String>,
    /// Its body's template. Default: the built-in one.
    pub body: Option<String>,
    /// Labels that it has: one that is taken off comes back. Default `release: pending`.
    pub labels: Vec<String>,
    /// Opened as a draft. Default false.
    pub draft: bool,
    /// With components: one pull request each, instead of one for all. Default false.
    pub separate: bool,
    /// The release's name, a template. Default: the tag.
    pub release_name: Option<String>,
    /// The tag is an annotated one. Default false.
    pub annotated_tag: bool,
    /// Tells each released pull request which release it is in. Default false.
    pub comment_released: bool,
    /// Tells each open pull request what it will do to the next version. Default false.
    pub preview: bool,
}

impl Default for PullRequest {
    fn default() -> Self {
        Self {
            title: None,
            body: None,
            labels: vec!["release: pending".into()],
            draft: false,
            separate: false,
            release_name: None,
            annotated_tag: false,
            comment_released: false,
            preview: false,
        }
    }
}

/// A branch that is released.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Target {
    /// The branch's name, or a pattern such as `release/*`; the first that matches decides. To be given.
    pub branch: String,
    /// How the next version follows on this branch, for all components. Default: as without it.
    pub strategy: Option<Strategy>,
    /// What stands before a pre-release's number on this branch, for all components. Default: as without it.
    pub prerelease_type: Option<String>,
}
