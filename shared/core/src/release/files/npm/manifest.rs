//! What a `package.json` says of versions.

use crate::release::files::{
    fault::Trouble,
    kinds::set,
    space::Held,
    tree::{self, Kind, Node, Spot},
};

pub(super) struct Manifest {
    /// `None` for one that is no package: private and without a version.
    pub name: Option<String>,
    pub held: Held,
    /// The globs of its workspace's folders.
    pub workspaces: Option<Vec<String>>,
    /// Requirements by the names of packages.
    pub requirements: Vec<(String, Spot)>,
}

pub(super) const KINDS: [&str; 4] =
    ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

pub(super) fn read(text: &str) -> Result<Manifest, Trouble> {
    let root = tree::json(text)?;
    if !matches!(root.kind, Kind::Map(_)) {
        return Err(Trouble::at(1, "a package.json is an object"));
    }
    let version = root.get("version");
    if let Some(node) = version {
        set(text, node, "version", "")?;
    }
    let workspaces = root.get("workspaces").map(|list| list.get("packages").unwrap_or(list));
    let name = root.get("name").and_then(Node::text).map(str::to_owned);
    let is_package = version.is_some() || !is_true(text, root.get("private"));
    Ok(Manifest {
        name: name.filter(|_| is_package),
        held: version.and_then(Node::spot).map_or(Held::Absent, Held::Own),
        workspaces: workspaces.map(|list| list.texts().map(str::to_owned).collect()),
        requirements: requirements(&root, &KINDS),
    })
}

fn is_true(text: &str, node: Option<&Node>) -> bool {
    node.is_some_and(|node| text.get(node.span.clone()) == Some("true"))
}

/// What the tables of these names require, by the packages' names.
pub(super) fn requirements(package: &Node, kinds: &[&str]) -> Vec<(String, Spot)> {
    let entries = kinds.iter().filter_map(|kind| package.get(kind)).flat_map(Node::entries);
    entries.filter_map(|(name, range)| Some((name.clone(), range.spot()?))).collect()
}
