//! What becomes of one release branch and its pull request. Pure: what was read goes in, the next move comes out.

use jiff::Timestamp;
use pointsman_core::release::Sha;
use serde::{Deserialize, Serialize};

/// All that the decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'s> {
    /// The hash of what should be proposed; `None` = nothing is due.
    pub due: Option<&'s str>,
    /// The open pull request.
    pub open: Option<Open>,
    /// The release branch's head, as far as it is known.
    pub head: &'s Head,
    /// A person asked for it to be made anew, whatever lies on the branch.
    pub rebuild: bool,
}

/// An open release pull request.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// A person asked for it to stay as it is.
    pub held: bool,
    /// The hash of what should be proposed is the one of its title and body.
    pub same_text: bool,
    /// It lacks a label that it should have.
    pub lacks_label: bool,
}

/// A release branch's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Head {
    /// There is no branch, or nobody looked because no pull request is open.
    Unknown,
    /// Our commit as we made it.
    Ours {
        /// The commit.
        sha: Sha,
        /// What it was made on.
        base: Sha,
        /// The hash of what it proposes.
        hash: String,
        /// When it was made.
        made: Option<Timestamp>,
    },
    /// A commit that is not ours, or was changed after us.
    Anothers {
        /// The commit.
        sha: Sha,
    },
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nothing is due, nothing is open.
    Nothing,
    /// What is there is what should be.
    Unchanged,
    /// A person holds it.
    Held,
    /// A person's commits are on the branch: they stay, and the pull request says so.
    Keep,
    /// Nothing is due any more: close the pull request, then delete the branch.
    Close,
    /// Claim the branch and open a pull request.
    Open,
    /// Move the branch, then bring the pull request's text up to date.
    Move,
    /// Only the pull request's title, body or labels are another.
    Retouch,
}

/// The next move.
pub fn next(scene: &Scene<'_>) -> Move {
    let anothers = matches!(scene.head, Head::Anothers { .. });
    match (scene.due, &scene.open) {
        (None, None) => Move::Nothing,
        (Some(_), None) => Move::Open,
        (_, Some(open)) if open.held && !scene.rebuild => Move::Held,
        (_, Some(_)) if anothers && !scene.rebuild => Move::Keep,
        (None, Some(_)) => Move::Close,
        (Some(due), Some(open)) => match scene.head {
            Head::Ours { hash, .. } if hash == due => touched(open),
            _ => Move::Move,
        },
    }
}

fn touched(open: &Open) -> Move {
    if open.same_text && !open.lacks_label { Move::Unchanged } else { Move::Retouch }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: &str) -> Sha {
        digit.repeat(40).parse().unwrap()
    }

    fn ours(hash: &str) -> Head {
        Head::Ours { sha: sha("1"), base: sha("0"), hash: hash.into(), made: None }
    }

    #[test]
    fn every_scene_has_one_next_move() {
        let theirs = Head::Anothers { sha: sha("2") };
        let plain = Open { held: false, same_text: true, lacks_label: false };
        let held = Open { held: true, ..plain };
        let retitled = Open { same_text: false, ..plain };
        let bare = Open { lacks_label: true, ..plain };
        for (due, open, branch, rebuild, expected) in [
            (None, None, Head::Unknown, false, Move::Nothing),
            (None, None, theirs.clone(), true, Move::Nothing),
            (Some("a"), None, Head::Unknown, false, Move::Open),
            (Some("a"), Some(plain), ours("a"), false, Move::Unchanged),
            (Some("a"), Some(plain), ours("a"), true, Move::Unchanged),
            (Some("a"), Some(retitled), ours("a"), false, Move::Retouch),
            (Some("a"), Some(bare), ours("a"), false, Move::Retouch),
            (Some("b"), Some(plain), ours("a"), false, Move::Move),
            (Some("b"), Some(retitled), ours("a"), false, Move::Move),
            (Some("b"), Some(plain), Head::Unknown, false, Move::Move),
            (Some("b"), Some(held), ours("a"), false, Move::Held),
            (Some("b"), Some(held), theirs.clone(), false, Move::Held),
            (Some("b"), Some(held), ours("a"), true, Move::Move),
            (Some("b"), Some(plain), theirs.clone(), false, Move::Keep),
            (Some("b"), Some(plain), theirs.clone(), true, Move::Move),
            (None, Some(plain), ours("a"), false, Move::Close),
            (None, Some(held), ours("a"), false, Move::Held),
            (None, Some(plain), theirs.clone(), false, Move::Keep),
            (None, Some(plain), theirs, true, Move::Close),
        ] {
            let scene = Scene { due, open, head: &branch, rebuild };
            assert_eq!(next(&scene), expected, "{scene:?}");
        }
    }
}
