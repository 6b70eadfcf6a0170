//! A workspace of packages that require one another: which of them move, and what follows from that.

use std::collections::BTreeMap;

use super::{
    Asked,
    desk::Desk,
    edit::Edit,
    fault::Trouble,
    path,
    requirement::{self, Outcome, Rules},
    tree::Spot,
};

/// All packages that are released from one root, or the one that stands alone.
pub(super) struct Space {
    /// The root's folder.
    pub root: String,
    /// The manifests' name.
    pub file: &'static str,
    pub rules: Rules,
    /// The version that members may inherit; it stands in the root's manifest.
    pub shared: Option<Spot>,
    /// By folder. The root may be one that has no package.
    pub members: BTreeMap<String, Member>,
}

pub(super) struct Member {
    pub name: Option<String>,
    pub held: Held,
    pub requirements: Vec<Requirement>,
}

/// A package's version.
pub(super) enum Held {
    Own(Spot),
    Inherited,
    Absent,
}

/// A member's requirement of a package in a folder of this repository.
pub(super) struct Requirement {
    pub on: String,
    pub spot: Spot,
}

/// The packages that move, by folder.
pub(super) type Moves = BTreeMap<String, Moved>;

#[derive(Debug)]
pub(super) struct Moved {
    pub name: Option<String>,
    pub before: String,
}

/// The package whose release it is.
#[derive(Clone, Copy)]
pub(super) struct Main<'a> {
    pub folder: &'a str,
    /// It was named: no other of its workspace goes with it.
    pub alone: bool,
}

impl Space {
    /// The package of a folder, or the one of this name.
    pub fn main<'a>(&'a self, folder: &'a str, package: Option<&str>) -> Result<Main<'a>, Trouble> {
        let Some(package) = package else { return Ok(Main { folder, alone: false }) };
        let named = self.members.iter().find(|(_, member)| member.name.as_deref() == Some(package));
        match named {
            Some((folder, _)) => Ok(Main { folder, alone: true }),
            None => Err(Trouble::new(format!("there is no package `{package}` in this workspace"))),
        }
    }

    /// Changes the manifests, and says what moved. Nothing moves = why not.
    pub fn settle(&self, desk: &mut Desk<'_>, main: Main<'_>, asked: &Asked<'_>) -> Result<Moves, Trouble> {
        let mut edits: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
        let to = asked.to.to_string();
        let mut moves = Moves::new();
        if let Some(shared) = self.shared(main, asked)? {
            edits.entry(&self.root).or_default().push(Edit::new(shared.span.clone(), &to));
            for (folder, member) in self.inheritors() {
                moves.insert(folder.to_owned(), moved(member, &shared.text));
            }
        }
        for (folder, member, spot) in self.own(main, asked) {
            edits.entry(folder).or_default().push(Edit::new(spot.span.clone(), &to));
            moves.insert(folder.to_owned(), moved(member, &spot.text));
        }
        if edits.is_empty() {
            return Err(self.nothing(main, asked));
        }
        self.requirements(desk, asked, &moves, &mut edits);
        for (folder, edits) in edits {
            desk.change(&path::within(folder, self.file), &edits);
        }
        Ok(moves)
    }

    fn inheritors(&self) -> impl Iterator<Item = (&str, &Member)> {
        let inherits = |(_, member): &(&String, &Member)| matches!(member.held, Held::Inherited);
        self.members.iter().filter(inherits).map(|(folder, member)| (folder.as_str(), member))
    }

    /// The version that members inherit, when it moves. It cannot when a component that stays inherits it.
    fn shared(&self, main: Main<'_>, asked: &Asked<'_>) -> Result<Option<&Spot>, Trouble> {
        let inherits =
            self.members.get(main.folder).is_some_and(|member| matches!(member.held, Held::Inherited));
        let is_roots = main.folder == self.root && !main.alone;
        let Some(shared) = self.shared.as_ref().filter(|_| inherits || is_roots) else {
            return Ok(None);
        };
        let elsewhere = self.inheritors().find(|(folder, _)| {
            let also_named = main.alone && *folder != main.folder;
            also_named || is_apart(folder, asked)
        });
        match elsewhere {
            None => Ok(Some(shared)),
            Some((folder, _)) => Err(Trouble::new(format!(
                "its version is the workspace's, which `{folder}` has too: write a version of its own into each, or release them as one group",
            ))),
        }
    }

    /// The members whose own version moves: the main one, and those of its version that are released with it.
    fn own(&self, main: Main<'_>, asked: &Asked<'_>) -> Vec<(&str, &Member, &Spot)> {
        let in_scope = |folder: &str| {
            let below = main.folder == self.root || path::is_in(folder, main.folder);
            folder == main.folder || (!main.alone && below && !is_apart(folder, asked))
        };
        let own = self.members.iter().filter_map(|(folder, member)| match &member.held {
            Held::Own(spot) if in_scope(folder) => Some((folder.as_str(), member, spot)),
            _ => None,
        });
        let own: Vec<_> = own.collect();
        let from = asked.from.map(ToString::to_string);
        let mut main_version = None;
        if let Some((_, _, spot)) = own.iter().find(|(folder, ..)| *folder == main.folder) {
            main_version = Some(spot.text.clone());
        } else if main.folder == self.root {
            main_version = self.shared.as_ref().map(|spot| spot.text.clone());
        }
        let current =
            |spot: &Spot| [&from, &main_version].into_iter().flatten().any(|text| *text == spot.text);
        let one_for_all = main_version.is_none() && own.windows(2).all(|two| two[0].2.text == two[1].2.text);
        let moves = |(folder, _, spot): &(&str, &Member, &Spot)| {
            *folder == main.folder || one_for_all || current(spot)
        };
        own.into_iter().filter(moves).collect()
    }

    fn nothing(&self, main: Main<'_>, asked: &Asked<'_>) -> Trouble {
        let versions = self.members.values().filter(|member| matches!(member.held, Held::Own(_))).count();
        let is_package = self.members.get(main.folder).is_some_and(|member| member.name.is_some());
        match asked.from {
            _ if is_package => Trouble::new("it has no version: add one, such as \"0.0.0\""),
            Some(from) if versions > 0 => Trouble::new(format!(
                "no package of the workspace has the version {from}, and their versions differ: name each one's file under `version_files`",
            )),
            None if versions > 0 => Trouble::new(
                "the packages of the workspace have different versions: name the files that move under `version_files`",
            ),
            _ => Trouble::usual("there is no version in it"),
        }
    }

    /// What the packages require of those that moved.
    fn requirements<'a>(
        &'a self,
        desk: &mut Desk<'_>,
        asked: &Asked<'_>,
        moves: &Moves,
        edits: &mut BTreeMap<&'a str, Vec<Edit>>,
    ) {
        for (folder, member) in &self.members {
            for Requirement { on, spot } in &member.requirements {
                let Some(moved) = moves.get(on) else { continue };
                match requirement::moved(&spot.text, Some(&moved.before), asked.to, self.rules) {
                    Outcome::Stays => {}
                    Outcome::Becomes(text) => {
                        edits.entry(folder).or_default().push(Edit::new(spot.span.clone(), text));
                    }
                    Outcome::Refuses => desk.warn(format!(
                        "{}: it requires `{}` of `{on}`, which does not take {}: change it by hand",
                        path::within(folder, self.file),
                        spot.text,
                        asked.to,
                    )),
                }
            }
        }
    }
}

fn moved(member: &Member, before: &str) -> Moved {
    Moved { name: member.name.clone(), before: before.to_owned() }
}

/// Whether a folder belongs to a component that does not move: the innermost component that it lies in decides.
fn is_apart(folder: &str, asked: &Asked<'_>) -> bool {
    let innermost = |path: &str| path::folder(path).ok().filter(|outer| path::is_in(folder, outer));
    let apart = asked.apart.iter().filter_map(|path| innermost(path)).map(|outer| outer.len()).max();
    let ours = innermost(asked.folder).map(|outer| outer.len());
    apart.is_some() && apart > ours
}
