//! What is there: the target's head, its settings, its release branches and their pull requests.

use std::collections::BTreeSet;

use pointsman_core::{
    port::PortError,
    release::{
        Settings, Sha,
        proposal::{self, Marker, Trailer},
    },
};
use pointsman_github::{PullRequest, RefName, Remembered, late};

use crate::{
    decide::Head,
    desk::Desk,
    known::{self, Known},
    report::Ended,
    rules,
    wanted::Moves,
};

/// A target branch at one commit.
pub(crate) struct Ground {
    pub target: String,
    pub branch: RefName,
    pub head: Sha,
    /// The settings as they hold on this branch.
    pub settings: Settings,
    pub source: Remembered,
    /// Somebody moved the branch to this head by force.
    pub forced: bool,
}

/// One release branch, and what became of it so far.
pub(crate) struct Lane {
    /// The branch's name.
    pub branch: String,
    /// With one pull request for each component: this one's, or the first of its group.
    pub component: Option<String>,
    /// The components that are proposed here; `None` = all.
    pub members: Option<BTreeSet<String>>,
    /// Its pull requests into the target, open and closed, newest first.
    pub pulls: Vec<PullRequest>,
    /// The open one's head.
    pub head: Head,
}

impl Lane {
    /// The pull request that is open.
    pub fn open(&self) -> Option<&PullRequest> {
        self.pulls.iter().find(|pull| pull.open())
    }

    /// What the open one says it stands for.
    pub fn marker(&self) -> Option<Marker> {
        Marker::of(self.open()?.body.as_deref()?)
    }

    /// Whether the settings ask for it no longer.
    pub fn is_left_over(&self) -> bool {
        self.members.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Whether this component is proposed here.
    pub fn has(&self, component: Option<&str>) -> bool {
        match (&self.members, component) {
            (None, _) => true,
            (Some(members), Some(component)) => members.contains(component),
            (Some(_), None) => false,
        }
    }
}

/// The target's head and settings; or why there is nothing to do on it.
pub(crate) async fn ground(
    desk: &Desk<'_>,
    target: &str,
    moves: &Moves,
    about: &mut Known,
) -> Result<Result<Ground, Ended>, PortError> {
    let Ok(branch) = RefName::branch(target) else { return Ok(Err(Ended::Gone)) };
    let Some(head) = desk.repository.head(&branch).await? else {
        if desk.is_young() && moves.any() {
            return Err(late::soon(format!("GitHub does not show yet the branch {target}")));
        }
        about.targets.remove(target);
        return Ok(Err(Ended::Gone));
    };
    if desk.is_young() && moves.not_seen_by(&head) {
        return Err(late::soon(format!("GitHub does not show yet what was pushed to {target}")));
    }
    let source = Remembered::at(desk.repository.clone(), head.clone());
    let Some(settings) = rules::in_force(desk, target, &source).await? else {
        return Ok(Err(Ended::SettingsBroken));
    };
    about.learn(target, &settings);
    if !settings.is_target(target, &desk.default_branch) {
        return Ok(Err(Ended::NotATarget));
    }
    let Some(settings) = settings.for_target(target) else { return Ok(Err(Ended::NotATarget)) };
    Ok(Ok(Ground {
        target: target.to_owned(),
        branch,
        forced: moves.forced_to(&head),
        head,
        settings,
        source,
    }))
}

/// The target's release branches, and the tags that other targets' open pull requests claim.
pub(crate) async fn lanes(
    desk: &Desk<'_>,
    ground: &Ground,
    about: &mut Known,
) -> Result<(Vec<Lane>, BTreeSet<String>), PortError> {
    let mut lanes = Vec::new();
    let asked_for = asked_for(&ground.settings);
    let apart = asked_for.iter().any(|(component, _)| component.is_some());
    let had_apart = about.apart.contains(&ground.target);
    for (component, members) in asked_for {
        let branch = proposal::branch(&ground.target, component.as_deref());
        lanes.push(lane(desk, &ground.target, branch, component, members).await?);
    }
    let mut taken = BTreeSet::new();
    let alone = ground.settings.targets.is_empty() && ground.settings.components.is_empty() && !had_apart;
    let ours = if alone { Vec::new() } else { desk.repository.branches(proposal::PREFIX).await? };
    for branch in ours {
        let name = branch.name.name().to_owned();
        let Some((target, component)) = proposal::branch_parts(&name) else { continue };
        if lanes.iter().any(|lane| lane.branch == name) {
            continue;
        }
        if target != ground.target {
            let other = lane(desk, &target, name, component, None).await?;
            let planned = other.marker().into_iter().flat_map(|marker| marker.releases);
            taken.extend(planned.map(|planned| planned.tag));
        } else {
            // One pull request for all became one each, or a component is gone: nothing is proposed there any more.
            lanes.push(lane(desk, &target, name, component, Some(BTreeSet::new())).await?);
        }
    }
    if apart || lanes.iter().any(Lane::is_left_over) {
        about.apart.insert(ground.target.clone());
    } else {
        about.apart.remove(&ground.target);
    }
    for lane in &mut lanes {
        if let Some(pull) = lane.open() {
            let known = known::head(desk.place, &lane.branch, &pull.head.sha, desk.records()).await?;
            lane.head = match known {
                Some(known) => known,
                None => head(desk, &pull.head.sha).await?,
            };
        }
    }
    Ok((lanes, taken))
}

/// The release branches that the settings ask for: one, or one for each component (those of a group together).
fn asked_for(settings: &Settings) -> Vec<(Option<String>, Option<BTreeSet<String>>)> {
    if settings.components.is_empty() || !settings.pull_request.separate {
        return vec![(None, None)];
    }
    let mut lanes: Vec<(Option<String>, Option<BTreeSet<String>>)> = Vec::new();
    let mut groups: std::collections::BTreeMap<&str, usize> = Default::default();
    for (name, component) in &settings.components {
        let group = component.group.as_deref();
        if let Some(members) = group.and_then(|group| groups.get(group)).and_then(|at| lanes[*at].1.as_mut())
        {
            members.insert(name.clone());
            continue;
        }
        groups.extend(group.map(|group| (group, lanes.len())));
        lanes.push((Some(name.clone()), Some([name.clone()].into())));
    }
    lanes
}

async fn lane(
    desk: &Desk<'_>,
    target: &str,
    branch: String,
    component: Option<String>,
    members: Option<BTreeSet<String>>,
) -> Result<Lane, PortError> {
    let mut pulls = desk.repository.pulls_of(&RefName::branch(&branch)?).await?;
    pulls.retain(|pull| pull.base.branch == target);
    let merged = |pull: &PullRequest| desk.wanted.merged.contains(&pull.number) && pull.open();
    if desk.is_young() && pulls.iter().any(merged) {
        return Err(late::soon(format!("GitHub does not show yet that {branch} is merged")));
    }
    Ok(Lane { branch, component, members, pulls, head: Head::Unknown })
}

/// Whose commit a branch's head is.
pub(crate) async fn head(desk: &Desk<'_>, sha: &Sha) -> Result<Head, PortError> {
    let commit = desk.repository.git_commit(sha).await?;
    let trailer = Trailer::of(&commit.message).filter(|trailer| trailer.tree == commit.tree.sha);
    let base = commit.parents.into_iter().next();
    Ok(match (trailer, base) {
        (Some(trailer), Some(base)) => {
            let made = commit.author.and_then(|by| by.date);
            Head::Ours { sha: commit.sha, base: base.sha, hash: trailer.fingerprint, made }
        }
        _ => Head::Anothers { sha: commit.sha },
    })
}
