//! What a `Cargo.toml` says of versions.

use crate::release::files::{
    fault::Trouble,
    kinds::set,
    path,
    space::{Held, Requirement},
    tree::{self, Node, Spot},
};

pub(super) struct Manifest {
    pub name: Option<String>,
    pub held: Held,
    pub workspace: Option<Workspace>,
    /// Requirements of packages that lie in the repository.
    pub requirements: Vec<Requirement>,
    /// The folders of all packages that it takes from the repository.
    pub neighbours: Vec<String>,
}

pub(super) struct Workspace {
    pub version: Option<Spot>,
    pub members: Vec<String>,
    pub exclude: Vec<String>,
}

const KINDS: [&str; 5] =
    ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];

/// Reads the manifest in a folder.
pub(super) fn read(folder: &str, text: &str) -> Result<Manifest, Trouble> {
    let root = tree::toml(text)?;
    let package = root.get("package").or_else(|| root.get("project"));
    let (mut requirements, mut neighbours) = (Vec::new(), Vec::new());
    for (_, dependency) in tables(&root).flat_map(Node::entries) {
        let path = dependency.get("path").and_then(Node::text);
        let Some(on) = path.and_then(|path| path::resolved(folder, path)) else { continue };
        if let Some(spot) = dependency.get("version").and_then(Node::spot) {
            requirements.push(Requirement { on: on.clone(), spot });
        }
        neighbours.push(on);
    }
    let name = package.and_then(|package| package.get("name")).and_then(Node::text).map(str::to_owned);
    let held = held(text, package.and_then(|package| package.get("version")))?;
    let workspace = root.get("workspace").map(|table| workspace(text, table)).transpose()?;
    Ok(Manifest { name, held, workspace, requirements, neighbours })
}

fn held(text: &str, version: Option<&Node>) -> Result<Held, Trouble> {
    let Some(node) = version else { return Ok(Held::Absent) };
    if node.get("workspace").is_some() {
        return Ok(Held::Inherited);
    }
    set(text, node, "package.version", "")?;
    Ok(node.spot().map_or(Held::Absent, Held::Own))
}

fn workspace(text: &str, table: &Node) -> Result<Workspace, Trouble> {
    let version = table.at(&["package", "version"]);
    if let Some(node) = version {
        set(text, node, "workspace.package.version", "")?;
    }
    let list = |key: &str| table.get(key).into_iter().flat_map(Node::texts).map(str::to_owned).collect();
    Ok(Workspace {
        version: version.and_then(Node::spot),
        members: list("members"),
        exclude: list("exclude"),
    })
}

/// Every table of dependencies: the package's, each target's, the workspace's.
fn tables(root: &Node) -> impl Iterator<Item = &Node> {
    let targets = root.get("target").map(Node::entries).unwrap_or_default();
    let holders = std::iter::once(root).chain(targets.iter().map(|(_, target)| target));
    let own = holders.flat_map(|holder| KINDS.into_iter().filter_map(|kind| holder.get(kind)));
    own.chain(root.at(&["workspace", "dependencies"]))
}
