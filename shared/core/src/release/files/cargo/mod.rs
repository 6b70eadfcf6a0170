//! Cargo: a workspace's manifests and its lock file.

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
    requirement::{self, Outcome, Rules},
    space::{Held, Member, Space},
    tree::Spot,
};
use manifest::{Manifest, Workspace};

pub(super) use lock::alone as lock_alone;

const MANIFEST: &str = "Cargo.toml";

/// The package of a folder's manifest (or one of its workspace, by name), what goes with it, and the lock file.
pub(super) fn update(
    desk: &mut Desk<'_>,
    folder: &str,
    package: Option<&str>,
    asked: &Asked<'_>,
) -> Result<(), Trouble> {
    desk.ask(&path::within(folder, "Cargo.lock"));
    let Some(own) = read(desk, folder)? else { return Ok(()) };
    let space = space(desk, folder, own);
    let main = space.main(folder, package)?;
    let moves = space.settle(desk, main, asked)?;
    let lock = path::within(&space.root, "Cargo.lock");
    if let Some(text) = desk.read(&lock) {
        let names: Vec<&str> = moves.values().filter_map(|moved| moved.name.as_deref()).collect();
        match lock::edits(&text, &names, asked.to) {
            Ok(edits) => desk.change(&lock, &edits),
            Err(trouble) => desk.tell(&lock, trouble, false),
        }
    }
    Ok(())
}

/// One manifest by itself: its own version, the workspace's, and requirements of what has that version.
pub(super) fn alone(text: &str, target: Target<'_>) -> Result<Vec<Edit>, Trouble> {
    let manifest = manifest::read("", text)?;
    if let Some(package) = target.package.filter(|package| manifest.name.as_deref() != Some(package)) {
        return Err(Trouble::new(format!(
            "it is not the manifest of `{package}`{}: name that package's own Cargo.toml",
            manifest.name.map(|name| format!(" but of `{name}`")).unwrap_or_default(),
        )));
    }
    let shared = manifest.workspace.as_ref().and_then(|workspace| workspace.version.as_ref());
    let own = match &manifest.held {
        Held::Own(spot) => Some(spot),
        Held::Inherited | Held::Absent => None,
    };
    let versions: Vec<&Spot> = own.into_iter().chain(shared.filter(|_| target.package.is_none())).collect();
    if versions.is_empty() {
        return Err(Trouble::new(match manifest.held {
            Held::Inherited => "its version is the workspace's: it stands in the workspace's Cargo.toml",
            _ if manifest.name.is_some() => {
                "it has no version: add `version = \"0.0.0\"` to its table `package`"
            }
            _ => "it has no version: it is a workspace whose packages have their own",
        }));
    }
    let mut edits: Vec<_> =
        versions.iter().map(|spot| Edit::new(spot.span.clone(), target.to.to_string())).collect();
    for required in manifest.requirements.iter().filter(|_| manifest.workspace.is_some()) {
        let of = versions.iter().find(|spot| required.spot.text.ends_with(spot.text.as_str()));
        let Some(before) = of else { continue };
        let outcome = requirement::moved(&required.spot.text, Some(&before.text), target.to, Rules::Cargo);
        if let Outcome::Becomes(text) = outcome {
            edits.push(Edit::new(required.spot.span.clone(), text));
        }
    }
    Ok(edits)
}

fn read(desk: &mut Desk<'_>, folder: &str) -> Result<Option<Manifest>, Trouble> {
    let Some(text) = desk.read(&path::within(folder, MANIFEST)) else { return Ok(None) };
    manifest::read(folder, &text).map(Some)
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
    let (root, mut found) = root(desk, folder, own);
    let mut manifests = match &found.workspace {
        Some(workspace) => members(desk, &root, workspace, folder, &found.neighbours),
        None => BTreeMap::new(),
    };
    let shared = found.workspace.as_mut().and_then(|workspace| workspace.version.take());
    manifests.insert(root.clone(), found);
    let members = manifests.into_iter().map(|(folder, manifest)| {
        let Manifest { name, held, requirements, .. } = manifest;
        (folder, Member { name, held, requirements })
    });
    Space { root, file: MANIFEST, rules: Rules::Cargo, shared, members: members.collect() }
}

/// The folder's own manifest when it is a workspace, else the nearest workspace above that takes the folder.
fn root(desk: &mut Desk<'_>, folder: &str, own: Manifest) -> (String, Manifest) {
    if own.workspace.is_some() {
        return (folder.to_owned(), own);
    }
    let above: Vec<&str> = path::upwards(folder).skip(1).collect();
    let all: Vec<_> = above.into_iter().map(|above| (above, read_also(desk, above))).collect();
    for (above, manifest) in all {
        let Some(manifest) = manifest else { continue };
        if manifest.workspace.as_ref().is_some_and(|workspace| reaches(above, workspace, folder)) {
            return (above.to_owned(), manifest);
        }
    }
    (folder.to_owned(), own)
}

/// The members but for the root: by the workspace's globs, and as Cargo has it what they take from below the root.
fn members(
    desk: &mut Desk<'_>,
    root: &str,
    workspace: &Workspace,
    main: &str,
    neighbours: &[String],
) -> BTreeMap<String, Manifest> {
    let globs = Folders::new(root, workspace.members.iter().map(String::as_str));
    let named = desk.below("", MANIFEST).into_iter().map(path::parent).filter(|folder| globs.has(folder));
    let mut open: Vec<String> = named.map(str::to_owned).collect();
    let below = |folders: &[String]| {
        folders.iter().filter(|folder| path::is_in(folder, root)).cloned().collect::<Vec<_>>()
    };
    open.extend(below(neighbours));
    open.push(main.to_owned());
    let mut members = BTreeMap::new();
    while let Some(folder) = open.pop() {
        if folder == root || members.contains_key(&folder) || !reaches(root, workspace, &folder) {
            continue;
        }
        if let Some(manifest) = read_also(desk, &folder) {
            open.extend(below(&manifest.neighbours));
            members.insert(folder, manifest);
        }
    }
    members
}

/// Whether a workspace may have a member in a folder: `exclude` keeps it out, unless `members` names it.
fn reaches(root: &str, workspace: &Workspace, folder: &str) -> bool {
    let holds = |named: &String| path::resolved(root, named).is_some_and(|outer| path::is_in(folder, &outer));
    !workspace.exclude.iter().any(holds) || workspace.members.iter().any(holds)
}
