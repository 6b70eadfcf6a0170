//! Walks over history. Generations make them exact whatever the clocks said; listings are in git's order, by date.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
};

use pointsman_core::release::Sha;

use super::{Git, GitError};

const BASE: u8 = 1;
const HEAD: u8 = 2;
const BOTH: u8 = BASE | HEAD;

/// How two commits lie to one another.
#[derive(Debug)]
pub struct Between {
    /// The best commit that both come from.
    pub base: Option<Sha>,
    /// What only the head has, newest first.
    pub ahead: Vec<Sha>,
    /// How many only the base has.
    pub behind: usize,
}

/// Commits marked with who reaches them, until all that is left is reached by both.
#[derive(Default)]
struct Marks {
    marks: HashMap<Sha, (u8, u32)>,
    queue: BinaryHeap<(u32, Sha)>,
    /// How many of the queue are not yet known to be reached by both.
    open: usize,
}

impl Marks {
    /// A commit is marked only while it waits: all its descendants are of greater generations, and come before it.
    fn mark(&mut self, git: &Git, sha: &Sha, bits: u8) -> Result<(), GitError> {
        if let Some((mark, _)) = self.marks.get_mut(sha) {
            let was_open = *mark != BOTH;
            *mark |= bits;
            self.open -= usize::from(was_open && *mark == BOTH);
            return Ok(());
        }
        let generation = git.commit(sha)?.map_or(0, |commit| commit.generation);
        self.marks.insert(sha.clone(), (bits, generation));
        self.queue.push((generation, sha.clone()));
        self.open += usize::from(bits != BOTH);
        Ok(())
    }
}

impl Git {
    /// Whether `old` is `new` or one of its ancestors.
    pub fn reaches(&self, new: &Sha, old: &Sha) -> Result<bool, GitError> {
        let Some(target) = self.commit(old)? else { return Ok(false) };
        let (mut stack, mut seen) = (vec![new.clone()], HashSet::new());
        while let Some(sha) = stack.pop() {
            if sha == *old {
                return Ok(true);
            }
            let Some(commit) = self.commit(&sha)? else { continue };
            if commit.generation > target.generation && seen.insert(sha) {
                stack.extend(commit.parents.iter().cloned());
            }
        }
        Ok(false)
    }

    /// How the head lies to the base.
    pub fn between(&self, base: &Sha, head: &Sha) -> Result<Between, GitError> {
        let mut walk = Marks::default();
        walk.mark(self, base, BASE)?;
        walk.mark(self, head, HEAD)?;
        while walk.open > 0 {
            let Some((_, sha)) = walk.queue.pop() else { break };
            let bits = walk.marks.get(&sha).map_or(0, |(mark, _)| *mark);
            walk.open -= usize::from(bits != BOTH);
            let Some(commit) = self.commit(&sha)? else { continue };
            for parent in &commit.parents {
                walk.mark(self, parent, bits)?;
            }
        }
        let marks = walk.marks;
        let behind = marks.values().filter(|(mark, _)| *mark == BASE).count();
        let common = marks.iter().filter(|(_, (mark, _))| *mark == BOTH);
        let best = common.max_by_key(|(sha, (_, generation))| (*generation, Reverse(*sha)));
        let base = best.map(|(sha, _)| sha.clone());
        let ahead = self.log(head, &|sha| marks.get(sha).is_some_and(|(mark, _)| *mark == HEAD))?;
        Ok(Between { base, ahead, behind })
    }

    /// What `head` reaches, newest first, as git lists it.
    pub fn history(&self, head: &Sha) -> Result<Vec<Sha>, GitError> {
        self.log(head, &|_| true)
    }

    /// By date, newest first, in git's own order where dates are equal; only what `shown` says.
    fn log(&self, head: &Sha, shown: &dyn Fn(&Sha) -> bool) -> Result<Vec<Sha>, GitError> {
        let (mut queue, mut seen, mut listed) = (BinaryHeap::new(), HashSet::new(), Vec::new());
        let mut next = vec![head.clone()];
        let mut count = 0u64;
        loop {
            for sha in next.drain(..) {
                if shown(&sha)
                    && seen.insert(sha.clone())
                    && let Some(commit) = self.commit(&sha)?
                {
                    count += 1;
                    queue.push((commit.committer.time, Reverse(count), sha));
                }
            }
            let Some((_, _, sha)) = queue.pop() else { return Ok(listed) };
            next.extend(self.commit(&sha)?.iter().flat_map(|commit| commit.parents.clone()));
            listed.push(sha);
        }
    }
}
