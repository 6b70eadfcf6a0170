//! Which pull request a commit came by, as far as the merges tell.

use std::collections::{HashMap, HashSet};

use super::{Commit, Pull, Sha, message::pull_number};

/// Gives the commits that a merged pull request brought its number: those that its merge reaches and the branch did
/// not before. What has a number keeps it. `parents` tells each commit's parents, the first one first.
pub fn attribute(commits: &mut [Commit], head: &Sha, parents: &HashMap<Sha, Vec<Sha>>) {
    for commit in commits.iter_mut().filter(|commit| commit.pull.is_none()) {
        let first = commit.message.lines().next().unwrap_or_default();
        commit.pull = pull_number(first).map(|number| Pull { number, body: None });
    }
    let at: HashMap<Sha, usize> =
        commits.iter().enumerate().map(|(index, commit)| (commit.sha.clone(), index)).collect();
    let mut seen: HashSet<&Sha> = HashSet::new();
    let mut mainline = vec![head];
    while let Some(first) = mainline.last().and_then(|sha| parents.get(*sha)).and_then(|all| all.first()) {
        if !at.contains_key(first) || mainline.len() > commits.len() {
            break;
        }
        mainline.push(first);
    }
    // From the oldest on: what an older merge brought was there already when the younger one came.
    for sha in mainline.into_iter().rev() {
        seen.insert(sha);
        let Some(pull) = at.get(sha).and_then(|index| commits[*index].pull.clone()) else { continue };
        let mut open: Vec<&Sha> = parents.get(sha).into_iter().flat_map(|all| all.iter().skip(1)).collect();
        while let Some(sha) = open.pop() {
            let Some(index) = at.get(sha).filter(|_| seen.insert(sha)) else { continue };
            let inner = &mut commits[*index];
            if inner.pull.is_none() {
                inner.pull = Some(Pull { number: pull.number, body: None });
            }
            open.extend(parents.get(sha).into_iter().flatten());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(number: u8) -> Sha {
        format!("{number:040x}").parse().unwrap()
    }

    fn commit(number: u8, message: &str, parents: usize) -> Commit {
        Commit {
            sha: sha(number),
            message: message.into(),
            time: jiff::Timestamp::UNIX_EPOCH,
            parents,
            author: None,
            pull: None,
        }
    }

    #[test]
    fn a_merge_gives_its_number_to_what_it_brought() {
        // 9 merges #2 (8, 7 on 3); 6 merges #1 (5, 4 on 3); 3 is before all.
        let mut commits = vec![
            commit(9, "Merge pull request #2 from a/b", 2),
            commit(8, "feat: b", 1),
            commit(7, "Merge branch 'main' into b", 2),
            commit(6, "Merge pull request #1 from a/c", 2),
            commit(5, "feat: c (#7)", 1),
            commit(4, "fix: c", 1),
            commit(3, "chore: begin", 1),
        ];
        let parents = [
            (9, vec![6, 8]),
            (8, vec![7]),
            (7, vec![3, 6]),
            (6, vec![3, 5]),
            (5, vec![4]),
            (4, vec![3]),
            (3, vec![]),
        ];
        let parents = parents.map(|(child, all)| (sha(child), all.into_iter().map(sha).collect())).into();
        attribute(&mut commits, &sha(9), &parents);
        let pulls: Vec<_> = commits.iter().map(|it| it.pull.as_ref().map(|pull| pull.number)).collect();
        assert_eq!(pulls, [Some(2), Some(2), Some(2), Some(1), Some(7), Some(1), None]);
    }

    #[test]
    fn a_ring_of_parents_ends() {
        let mut commits = vec![commit(1, "Merge pull request #1 from a/b", 2), commit(2, "a", 2)];
        let parents = [(sha(1), vec![sha(2), sha(2)]), (sha(2), vec![sha(1), sha(1)])].into();
        attribute(&mut commits, &sha(1), &parents);
    }
}
