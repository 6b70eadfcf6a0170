//! The house as data: its packages as `cargo metadata` tells them, and the arrows that may run between them.

use std::{env, fs, path::PathBuf, process::Command};

use serde::Deserialize;

/// The folder of the workspace. Cargo and nextest name it when they run a test; a target folder that several clones
/// share may hold a test that was compiled for another of them.
pub fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    root.expect("a package lies in the house").to_owned()
}

/// What a package is, by the folder it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `functions/app`.
    App,
    /// `functions/{stage}`.
    Stage,
    /// `shared/hosts/{host}`.
    Host,
    /// `shared/adapters/{adapter}`.
    Adapter,
    /// `shared/github`.
    Github,
    /// `shared/core`.
    Core,
    /// `shared/conformance`.
    Conformance,
    /// `tests`.
    Tests,
    /// `tests/fakes/{service}`: what a test, and the demo, meets instead of the world.
    Fake,
}

impl Kind {
    fn of(folder: &str) -> Option<Self> {
        Some(match folder.split('/').collect::<Vec<_>>()[..] {
            ["functions", "app"] => Self::App,
            ["functions", _] => Self::Stage,
            ["shared", "hosts", _] => Self::Host,
            ["shared", "adapters", _] => Self::Adapter,
            ["shared", "github"] => Self::Github,
            ["shared", "core"] => Self::Core,
            ["shared", "conformance"] => Self::Conformance,
            ["tests"] | ["tests", "fuzz"] => Self::Tests,
            ["tests", "fakes", _] => Self::Fake,
            _ => return None,
        })
    }

    /// Whether an arrow may run from a package of this kind to one of that.
    pub fn may_import(self, other: Self, dependency: &Dependency) -> bool {
        use Kind::{Adapter, App, Conformance, Core, Fake, Github, Host, Stage, Tests};
        let dev = dependency.kind.as_deref() == Some("dev");
        match (self, other) {
            (Tests, _) => true,
            // The fake host hands out what is in the fake queues.
            (Fake, Fake) => true,
            (_, Conformance | Tests) => dev,
            // The demonstration shows a fake; everybody else is only tested against it.
            (App, _) | (_, Core) | (Stage, Github) => true,
            (_, Fake) => dev,
            // A stage meets adapters and hosts only in its own program (a feature), and in its tests.
            (Stage, Adapter | Host) => dependency.optional || dev,
            // An example is a whole function: it hands ports to its host.
            (Host, Adapter) => dev,
            // The HTTP front: the local host is it, and Azure's is behind it.
            (Host, Host) => dependency.name == "pointsman-host-http",
            _ => false,
        }
    }
}

/// One package of the workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// `pointsman-core`.
    pub name: String,
    /// `shared/core`.
    pub folder: String,
    /// By its folder.
    pub kind: Kind,
    /// As its manifest names them, ours and others'.
    pub dependencies: Vec<Dependency>,
}

impl Package {
    /// `shared/core/Cargo.toml:14`: where the manifest names this dependency.
    pub fn names_at(&self, dependency: &str) -> String {
        let manifest = format!("{}/Cargo.toml", self.folder);
        let text = fs::read_to_string(root().join(&manifest)).unwrap_or_default();
        let names = |line: &str| line.split(['.', ' ', '=', ']']).next() == Some(dependency);
        let line = text.lines().position(names).map_or(1, |index| index + 1);
        format!("{manifest}:{line}")
    }
}

/// One line of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// None, `dev` or `build`.
    pub kind: Option<String>,
    /// Only with a feature.
    pub optional: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Manifest>,
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

/// Each package of the workspace, in order of folder. A package in a folder that the design has no word for panics.
pub fn packages() -> Vec<Package> {
    let metadata: Metadata =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"]))
            .expect("cargo's own format");
    let mut packages: Vec<Package> = metadata.packages.into_iter().map(package).collect();
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    packages
}

fn package(manifest: Manifest) -> Package {
    let folder = manifest
        .manifest_path
        .parent()
        .and_then(|folder| folder.strip_prefix(root()).ok().map(ToOwned::to_owned));
    let folder = folder.expect("a workspace's package lies in it").to_string_lossy().replace('\\', "/");
    let kind = Kind::of(&folder)
        .unwrap_or_else(|| panic!("{folder}: the house has no such room (design, section 1)"));
    Package { name: manifest.name, folder, kind, dependencies: manifest.dependencies }
}

/// The names of all packages that a fresh `cargo build` compiles here, with those of tests or without.
pub fn built_by_default() -> Vec<String> {
    let tree = cargo(&["tree", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"]);
    let mut names: Vec<String> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).arg("--offline").current_dir(root()).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}
