//! `Cargo.lock`: the workspace's own packages, and the dependencies that name them by their version.

use std::collections::BTreeMap;

use semver::Version;

use crate::release::files::{
    edit::Edit,
    fault::Trouble,
    kinds::Target,
    tree::{self, Node, Spot},
};

/// The edits for packages of these names.
pub(super) fn edits(text: &str, names: &[&str], to: &Version) -> Result<Vec<Edit>, Trouble> {
    let root = tree::toml(text)?;
    let own = own(&root).into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect();
    Ok(moved(&root, own, to))
}

/// By itself: the named package, else those of the current version, else all of one version.
pub(in crate::release::files) fn alone(text: &str, target: Target<'_>) -> Result<Vec<Edit>, Trouble> {
    let root = tree::toml(text)?;
    let own = own(&root);
    if own.is_empty() {
        return Err(Trouble::new("it has no package of a workspace: nothing in it moves with a release"));
    }
    let told: Vec<_> = own.iter().take(5).map(|(name, spot)| format!("{name} {}", spot.text)).collect();
    let told = told.join(", ");
    if let Some(package) = target.package {
        let named: Vec<_> = own.into_iter().filter(|(name, _)| name == package).collect();
        return match named.is_empty() {
            true => Err(Trouble::new(format!("it has no package `{package}` of a workspace: it has {told}"))),
            false => Ok(moved(&root, named, target.to)),
        };
    }
    let of = |version: &Version| own.iter().any(|(_, spot)| spot.text == version.to_string());
    let one = own.iter().all(|(_, spot)| spot.text == own[0].1.text);
    let current = [target.from, Some(target.to)].into_iter().flatten().find(|version| of(version));
    let chosen = match current {
        Some(version) => own.iter().filter(|(_, spot)| spot.text == version.to_string()).cloned().collect(),
        None if one => own.clone(),
        None => {
            return Err(Trouble::new(format!(
                "its packages have different versions ({told}): name one as the `package`"
            )));
        }
    };
    Ok(moved(&root, chosen, target.to))
}

/// The packages that came from no registry.
fn own(root: &Node) -> Vec<(String, Spot)> {
    let packages = root.get("package").map(Node::items).unwrap_or_default();
    let own = packages.iter().filter(|package| package.get("source").is_none());
    own.filter_map(|package| Some((package.get("name")?.text()?.to_owned(), package.get("version")?.spot()?)))
        .collect()
}

/// Where two packages share a name, Cargo writes a dependency as `name version`.
fn moved(root: &Node, own: Vec<(String, Spot)>, to: &Version) -> Vec<Edit> {
    let named: BTreeMap<String, String> =
        own.iter().map(|(name, spot)| (format!("{name} {}", spot.text), format!("{name} {to}"))).collect();
    let mut edits: Vec<Edit> =
        own.into_iter().map(|(_, spot)| Edit::new(spot.span, to.to_string())).collect();
    let packages = root.get("package").map(Node::items).unwrap_or_default();
    let lists = packages.iter().filter_map(|package| package.get("dependencies"));
    for spot in lists.flat_map(Node::items).filter_map(Node::spot) {
        if let Some(after) = named.get(&spot.text) {
            edits.push(Edit::new(spot.span, after));
        }
    }
    edits
}
