//! npm (and pnpm, and Yarn): a workspace's manifests and its lock file.

mod lock;
mod manifest;

use std::collections::BTreeMap;

use super::{
    Asked,
    desk::Desk,
    edit::Edit,
    fault::Trouble,
    globs::Folders,
    kinds::Target,
    path,
    requirement::Rules,
    space::{Held, Member, Moves, Requirement, Space},
    tree,
};
use manifest::Manifest;

pub(super) use lock::alone as lock_alone;

const MANIFEST: &str = "package.json";
const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// The package of a folder's manifest (or one of its workspace, by name), what goes with it, and the lock file.
pub(super) fn update(
    desk: &mut Desk<'_>,
    folder: &str,
    package: Option<&str>,
    asked: &Asked<'_>,
) -> Result<(), Trouble> {
    LOCKS.iter().for_each(|lock| desk.ask(&path::within(folder, lock)));
    let Some(own) = read(desk, folder)? else { return Ok(()) };
    let space = space(desk, folder, own);
    let main = space.main(folder, package)?;
    let moves = space.settle(desk, main, asked)?;
    locks(desk, &space.root, &moves, asked);
    if main.folder != space.root {
        locks(desk, main.folder, &moves, asked);
    }
    Ok(())
}

/// The lock files in a folder.
fn locks(desk: &mut Desk<'_>, folder: &str, moves: &Moves, asked: &Asked<'_>) {
    let inside = moves.iter().filter(|(path, _)| path::is_in(path, folder));
    let moves: lock::Moves<'_> = inside
        .map(|(path, moved)| {
            let below = path[folder.len()..].trim_start_matches('/');
            (below, (moved.name.as_deref(), moved.before.as_str()))
        })
        .collect();
    for name in LOCKS {
        let path = path::within(folder, name);
        if let Some(text) = desk.read(&path) {
            match lock::edits(&text, &moves, asked.to) {
                Ok(edits) => desk.change(&path, &edits),
                Err(trouble) => desk.tell(&path, trouble, false),
            }
        }
    }
}

/// One manifest by itself: its own version.
pub(super) fn alone(text: &str, target: Target<'_>) -> Result<Vec<Edit>, Trouble> {
    let manifest = manifest::read(text)?;
    if let Some(package) = target.package.filter(|package| manifest.name.as_deref() != Some(package)) {
        return Err(Trouble::new(format!(
            "it is not the manifest of `{package}`{}: name that package's own package.json",
            manifest.name.map(|name| format!(" but of `{name}`")).unwrap_or_default(),
        )));
    }
    match manifest.held {
        Held::Own(spot) => Ok(vec![Edit::new(spot.span, target.to.to_string())]),
        Held::Inherited | Held::Absent => {
            Err(Trouble::new("it has no version: add `\"version\": \"0.0.0\"`"))
        }
    }
}

fn read(desk: &mut Desk<'_>, folder: &str) -> Result<Option<Manifest>, Trouble> {
    let Some(text) = desk.read(&path::within(folder, MANIFEST)) else { return Ok(None) };
    let mut manifest = manifest::read(&text)?;
    if let (None, Some(text)) =
        (&manifest.workspaces, desk.read(&path::within(folder, "pnpm-workspace.yaml")))
    {
        let roots = tree::yaml(&text).unwrap_or_default();
        let list = roots.first().and_then(|root| root.get("packages"));
        manifest.workspaces = list.map(|list| list.texts().map(str::to_owned).collect());
    }
    Ok(Some(manifest))
}

/// The same for a manifest that was not asked for: what is wrong with it is told, and it is left out.
fn read_also(desk: &mut Desk<'_>, folder: &str) -> Option<Manifest> {
    read(desk, folder).unwrap_or_else(|trouble| {
        desk.tell(&path::within(folder, MANIFEST), trouble, false);
        None
    })
}

/// The workspace that a package belongs to, or the package alone.
fn space(desk: &mut Desk<'_>, folder: &str, own: Manifest) -> Space {
    let (root, found) = root(desk, folder, own);
    let mut manifests = BTreeMap::new();
    if let Some(globs) = &found.workspaces {
        let globs = Folders::new(&root, globs.iter().map(String::as_str));
        let folders: Vec<&str> = desk.below("", MANIFEST).into_iter().map(path::parent).collect();
        let fetched = |folder: &str| folder.split('/').any(|part| part == "node_modules");
        for member in
            folders.into_iter().filter(|folder| globs.has(folder) && *folder != root && !fetched(folder))
        {
            manifests.extend(read_also(desk, member).map(|manifest| (member.to_owned(), manifest)));
        }
    }
    manifests.insert(root.clone(), found);
    let by_name =
        manifests.iter().filter_map(|(folder, manifest)| Some((manifest.name.clone()?, folder.clone())));
    let folders: BTreeMap<String, String> = by_name.collect();
    let members = manifests.into_iter().map(|(folder, manifest)| {
        let Manifest { name, held, requirements, .. } = manifest;
        let on = |(name, spot): (String, _)| Some(Requirement { on: folders.get(&name)?.clone(), spot });
        (folder, Member { name, held, requirements: requirements.into_iter().filter_map(on).collect() })
    });
    Space { root, file: MANIFEST, rules: Rules::Npm, shared: None, members: members.collect() }
}

/// The nearest manifest above whose workspace has the folder, else the folder's own.
fn root(desk: &mut Desk<'_>, folder: &str, own: Manifest) -> (String, Manifest) {
    if own.workspaces.is_some() {
        return (folder.to_owned(), own);
    }
    let above: Vec<&str> = path::upwards(folder).skip(1).collect();
    let all: Vec<_> = above.into_iter().map(|above| (above, read_also(desk, above))).collect();
    for (above, manifest) in all {
        let globs = manifest.as_ref().and_then(|manifest| manifest.workspaces.as_deref());
        let has =
            globs.is_some_and(|globs| Folders::new(above, globs.iter().map(String::as_str)).has(folder));
        if let (true, Some(manifest)) = (has, manifest) {
            return (above.to_owned(), manifest);
        }
    }
    (folder.to_owned(), own)
}
