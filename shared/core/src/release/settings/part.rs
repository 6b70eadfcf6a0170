//! What is released by itself: a component, or the repository as one; with all that holds for it worked out.

use globset::GlobBuilder;
use semver::Version;

use super::{ChangelogPath, Component, Settings, Strategy, TagFormat, Target, VersionFile};

/// A component, or the repository as one. All its paths begin at the repository's root.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The component's name; `None` = the repository as one.
    pub component: Option<String>,
    /// Its folder without a slash at the end; empty = the root.
    pub path: String,
    /// Further folders whose changes count.
    pub include: Vec<String>,
    /// Folders whose changes do not count.
    pub exclude: Vec<String>,
    /// Components of one group have the same version.
    pub group: Option<String>,
    /// How the next version follows.
    pub strategy: Strategy,
    /// The first version.
    pub initial_version: Version,
    /// What stands before a pre-release's number.
    pub prerelease_type: String,
    /// How its tags are named.
    pub tag_format: TagFormat,
    /// The files that hold its version; `None` = those that are found in its folder.
    pub version_files: Option<Vec<VersionFile>>,
    /// Its changelog; `None` = none is written.
    pub changelog: Option<String>,
}

impl Part {
    /// Whether a change to this file counts for it.
    pub fn owns(&self, file: &str) -> bool {
        let below = |folder: &String| is_below(file, folder);
        (is_below(file, &self.path) || self.include.iter().any(below)) && !self.exclude.iter().any(below)
    }
}

impl Settings {
    /// The components by name; without components the repository as one.
    pub fn parts(&self) -> Vec<Part> {
        if self.components.is_empty() {
            return vec![self.whole()];
        }
        self.components.iter().map(|(name, component)| self.part(name, component)).collect()
    }

    /// The same for a plan whose words alone count: it reads and writes no file, so no fault in one holds it up.
    pub fn without_files(&self) -> Settings {
        let mut settings = self.clone();
        settings.version_files = Some(Vec::new());
        settings.changelog.path = ChangelogPath::Off(false);
        for component in settings.components.values_mut() {
            component.version_files = Some(Vec::new());
            component.changelog = Some(ChangelogPath::Off(false));
        }
        settings
    }

    /// The branches that are released, as patterns; without targets the default branch alone.
    pub fn target_patterns<'a>(&'a self, default_branch: &'a str) -> Vec<&'a str> {
        if self.targets.is_empty() {
            return vec![default_branch];
        }
        self.targets.iter().map(|target| target.branch.as_str()).collect()
    }

    /// Whether this branch is released.
    pub fn is_target(&self, branch: &str, default_branch: &str) -> bool {
        if self.targets.is_empty() { branch == default_branch } else { self.target(branch).is_some() }
    }

    /// The settings as they hold on a branch: the first target that matches decides. `None` = targets are named, and
    /// this is none. Without targets any branch's: which one is released is [`Settings::is_target`]'s to say.
    pub fn for_target(&self, branch: &str) -> Option<Settings> {
        let mut settings = self.clone();
        if self.targets.is_empty() {
            return Some(settings);
        }
        let target = self.target(branch)?;
        if let Some(strategy) = target.strategy {
            settings.strategy = strategy;
            settings.components.values_mut().for_each(|component| component.strategy = None);
        }
        if let Some(kind) = &target.prerelease_type {
            settings.prerelease_type.clone_from(kind);
            settings.components.values_mut().for_each(|component| component.prerelease_type = None);
        }
        Some(settings)
    }

    fn target(&self, branch: &str) -> Option<&Target> {
        self.targets.iter().find(|target| matches(&target.branch, branch))
    }

    fn whole(&self) -> Part {
        Part {
            component: None,
            path: String::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            group: None,
            strategy: self.strategy,
            initial_version: self.initial_version.clone(),
            prerelease_type: self.prerelease_type.clone(),
            tag_format: TagFormat::new(self.tag_format.as_deref().unwrap_or("v{version}"), None),
            version_files: self.version_files.clone(),
            changelog: file(&self.changelog.path),
        }
    }

    fn part(&self, name: &str, component: &Component) -> Part {
        let folder = folder(&component.path);
        let format = component.tag_format.as_deref().or(self.tag_format.as_deref());
        let rooted = |file: &VersionFile| VersionFile { path: joined(&folder, &file.path), ..file.clone() };
        let changelog = file(component.changelog.as_ref().unwrap_or(&self.changelog.path));
        Part {
            component: Some(name.to_owned()),
            include: component.include.iter().map(|path| self::folder(path)).collect(),
            exclude: component.exclude.iter().map(|path| self::folder(path)).collect(),
            group: component.group.clone(),
            strategy: component.strategy.unwrap_or(self.strategy),
            initial_version: component.initial_version.as_ref().unwrap_or(&self.initial_version).clone(),
            prerelease_type: component.prerelease_type.as_ref().unwrap_or(&self.prerelease_type).clone(),
            tag_format: TagFormat::new(format.unwrap_or("{component}-v{version}"), Some(name)),
            version_files: component.version_files.as_ref().map(|all| all.iter().map(rooted).collect()),
            changelog: changelog.map(|path| joined(&folder, &path)),
            path: folder,
        }
    }
}

/// Whether a branch's name is meant by a target's: `*` is any text without a slash, `**` any.
fn matches(pattern: &str, branch: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
}

fn file(path: &ChangelogPath) -> Option<String> {
    match path {
        ChangelogPath::Path(path) => Some(path.clone()),
        ChangelogPath::Off(_) => None,
    }
}

/// A folder's path as git has it: no `./` before it, no slash after it, the root is empty.
fn folder(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

fn joined(folder: &str, path: &str) -> String {
    let path = self::folder(path);
    if folder.is_empty() { path } else { format!("{folder}/{path}") }
}

fn is_below(file: &str, folder: &str) -> bool {
    folder.is_empty()
        || file.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monorepo() -> Settings {
        let api = Component {
            path: "./services/api/".into(),
            include: vec!["shared".into()],
            exclude: vec!["services/api/docs".into()],
            strategy: Some(Strategy::AlwaysPatch),
            version_files: Some(vec![VersionFile {
                path: "Cargo.toml".into(),
                kind: None,
                package: None,
                pointer: None,
                regex: None,
            }]),
            ..Component::default()
        };
        let web = Component {
            path: "web".into(),
            tag_format: Some("web@{version}".into()),
            changelog: Some(ChangelogPath::Off(false)),
            ..Component::default()
        };
        let components = [("api".to_owned(), api), ("web".to_owned(), web)].into();
        Settings { components, ..Settings::default() }
    }

    #[test]
    fn without_components_the_repository_is_one_part() {
        let [part] = Settings::default().parts().try_into().unwrap();
        assert_eq!((part.component, part.path.as_str()), (None, ""));
        assert_eq!(part.tag_format.tag(&Version::new(1, 2, 3)), "v1.2.3");
        assert_eq!(part.changelog.as_deref(), Some("CHANGELOG.md"));
    }

    #[test]
    fn a_component_has_its_own_else_the_repositorys() {
        let [api, web] = monorepo().parts().try_into().unwrap();
        assert_eq!((api.path.as_str(), api.strategy), ("services/api", Strategy::AlwaysPatch));
        assert_eq!(api.tag_format.tag(&Version::new(1, 2, 3)), "api-v1.2.3");
        assert_eq!(api.version_files.unwrap()[0].path, "services/api/Cargo.toml");
        assert_eq!(api.changelog.as_deref(), Some("services/api/CHANGELOG.md"));
        assert_eq!(web.strategy, Strategy::Semver);
        assert_eq!(web.tag_format.tag(&Version::new(1, 2, 3)), "web@1.2.3");
        assert_eq!((web.version_files, web.changelog), (None, None));
    }

    #[test]
    fn a_change_belongs_to_whose_folder_it_is_in() {
        let [api, web] = monorepo().parts().try_into().unwrap();
        for (file, in_api, in_web) in [
            ("services/api/src/a.rs", true, false),
            ("services/api/docs/a.md", false, false),
            ("services/api-2/a.rs", false, false),
            ("shared/a.rs", true, false),
            ("web", false, true),
            ("web/index.html", false, true),
            ("README.md", false, false),
        ] {
            assert_eq!((api.owns(file), web.owns(file)), (in_api, in_web), "{file}");
        }
    }

    #[test]
    fn the_first_target_that_matches_decides_for_components_too() {
        let target = |branch: &str, strategy, kind: Option<&str>| Target {
            branch: branch.into(),
            strategy,
            prerelease_type: kind.map(str::to_owned),
        };
        let targets = vec![
            target("main", None, None),
            target("next", Some(Strategy::Prerelease), Some("rc")),
            target("release/*", Some(Strategy::AlwaysPatch), None),
        ];
        let settings = Settings { targets, ..monorepo() };
        let strategies = |branch: &str| {
            let settings = settings.for_target(branch)?;
            Some(settings.parts().iter().map(|part| part.strategy).collect::<Vec<_>>())
        };
        assert_eq!(strategies("main"), Some(vec![Strategy::AlwaysPatch, Strategy::Semver]));
        assert_eq!(strategies("next"), Some(vec![Strategy::Prerelease; 2]));
        assert_eq!(settings.for_target("next").unwrap().parts()[1].prerelease_type, "rc");
        assert_eq!(strategies("release/1.x"), Some(vec![Strategy::AlwaysPatch; 2]));
        for other in ["release/1/x", "release", "topic", "mainly", "next/a"] {
            assert_eq!(strategies(other), None, "{other}");
            assert!(!settings.is_target(other, "topic"), "{other}");
        }
        assert_eq!(settings.target_patterns("trunk"), ["main", "next", "release/*"]);
    }

    #[test]
    fn without_targets_the_default_branch_is_released() {
        let settings = Settings::default();
        assert_eq!(settings.target_patterns("trunk"), ["trunk"]);
        assert!(settings.is_target("trunk", "trunk") && !settings.is_target("topic", "trunk"));
        assert_eq!(settings.for_target("trunk"), Some(settings));
    }
}
