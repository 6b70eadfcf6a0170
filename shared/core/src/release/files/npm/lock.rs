//! `package-lock.json`: the root's and the workspace's own packages, and what they require of one another.

use std::collections::BTreeMap;

use semver::Version;

use super::manifest::{KINDS, requirements};
use crate::release::files::{
    edit::Edit,
    fault::Trouble,
    kinds::{Target, set},
    requirement::{self, Outcome, Rules},
    tree::{self, Node, Spot},
};

/// Packages that move, by their folder from the lock file's: their name and the version they had.
pub(super) type Moves<'a> = BTreeMap<&'a str, (Option<&'a str>, &'a str)>;

/// The edits for packages in these folders; none when the file knows none of them.
pub(super) fn edits(text: &str, moves: &Moves<'_>, to: &Version) -> Result<Vec<Edit>, Trouble> {
    let root = tree::json(text)?;
    let (mut edits, after) = (Vec::new(), to.to_string());
    if moves.contains_key("")
        && let Some(node) = root.get("version")
    {
        edits.push(set(text, node, "version", &after)?);
    }
    let own = own(&root);
    for (folder, package) in &own {
        if let (true, Some(node)) = (moves.contains_key(folder), package.get("version")) {
            edits.push(set(text, node, "version", &after)?);
        }
    }
    let before: BTreeMap<&str, &str> =
        moves.values().filter_map(|(name, before)| Some(((*name)?, *before))).collect();
    let old =
        root.get("dependencies").map(Node::entries).unwrap_or_default().iter().filter(|(_, package)| {
            package.get("version").and_then(Node::text).is_some_and(|version| version.starts_with("file:"))
        });
    let required = own.iter().flat_map(|(_, package)| requirements(package, &KINDS));
    let required = required.chain(old.flat_map(|(_, package)| requirements(package, &["requires"])));
    for (name, spot) in required {
        let Some(before) = before.get(name.as_str()) else { continue };
        if let Outcome::Becomes(text) = requirement::moved(&spot.text, Some(before), to, Rules::Npm) {
            edits.push(Edit::new(spot.span, text));
        }
    }
    Ok(edits)
}

/// By itself: the named package, else the root and every package of its workspace that has the root's version.
pub(in crate::release::files) fn alone(text: &str, target: Target<'_>) -> Result<Vec<Edit>, Trouble> {
    let root = tree::json(text)?;
    let own = own(&root);
    let main =
        root.get("version").or_else(|| own.iter().find(|(folder, _)| folder.is_empty())?.1.get("version"));
    let main = main.and_then(Node::spot);
    let mut all: Vec<(&str, Option<&str>, Spot)> = own
        .iter()
        .filter_map(|(folder, package)| {
            Some((*folder, name(&root, folder, package), package.get("version")?.spot()?))
        })
        .collect();
    if let Some(spot) = main.clone().filter(|_| !all.iter().any(|(folder, ..)| folder.is_empty())) {
        all.push(("", root.get("name").and_then(Node::text), spot));
    }
    let chosen = all.iter().filter(|(folder, name, spot)| match (target.package, &main) {
        (Some(package), _) => *name == Some(package),
        (None, Some(main)) => folder.is_empty() || spot.text == main.text,
        (None, None) => spot.text == all[0].2.text,
    });
    let moves: Moves<'_> =
        chosen.map(|(folder, name, spot)| (*folder, (*name, spot.text.as_str()))).collect();
    let edits = edits(text, &moves, target.to)?;
    match (edits.is_empty(), target.package) {
        (false, _) => Ok(edits),
        (true, Some(package)) => {
            Err(Trouble::new(format!("it has no version of a package `{package}` in this workspace")))
        }
        (true, None) => Err(Trouble::usual("its root has no version")),
    }
}

/// The packages that npm did not fetch, by their folder.
fn own(root: &Node) -> Vec<(&str, &Node)> {
    let packages = root.get("packages").map(Node::entries).unwrap_or_default();
    let fetched = |folder: &str| folder.split('/').any(|part| part == "node_modules");
    let own = packages.iter().filter(|(folder, _)| !fetched(folder));
    own.map(|(folder, package)| (folder.as_str(), package)).collect()
}

/// A package without a name has its folder's, the root's is the file's.
fn name<'a>(root: &'a Node, folder: &'a str, package: &'a Node) -> Option<&'a str> {
    let own = package.get("name").and_then(Node::text);
    own.or_else(|| match folder {
        "" => root.get("name").and_then(Node::text),
        folder => folder.rsplit('/').next(),
    })
}
