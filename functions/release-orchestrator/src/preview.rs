//! What an open pull request will do to the next version: one comment on it, brought up to date.
//!
//! It is a plan of the target with one commit more: the squash of the pull request.

use std::collections::BTreeSet;

use async_trait::async_trait;
use pointsman_core::{
    port::PortError,
    release::{
        Commit, Message, Pull, Settings, Sha, Source, Tag, changelog,
        plan::{self, Counted, Plan, Wishes},
        preview::{self, MARK, Moves, Preview},
    },
};
use pointsman_github::{PullRequest, Remembered};

use crate::{
    desk::{Desk, Orders},
    gather, known,
    known::Known,
    propose, wanted,
};

/// A target as it will be when a pull request is merged.
struct Merged<'m> {
    source: &'m Remembered,
    commit: &'m Commit,
    files: &'m [String],
}

#[async_trait]
impl Source for Merged<'_> {
    async fn tags(&self, prefix: &str) -> Result<Vec<Tag>, PortError> {
        self.source.tags(prefix).await
    }

    async fn since(&self, tag: Option<&Tag>) -> Result<Option<Vec<Commit>>, PortError> {
        let since = self.source.since(tag).await?;
        Ok(since.map(|commits| std::iter::once(self.commit.clone()).chain(commits).collect()))
    }

    async fn touched(&self, commit: &Sha) -> Result<Vec<String>, PortError> {
        if *commit == self.commit.sha { Ok(self.files.to_vec()) } else { self.source.touched(commit).await }
    }

    async fn paths(&self) -> Result<Vec<String>, PortError> {
        self.source.paths().await
    }

    async fn read(&self, path: &str) -> Result<Option<String>, PortError> {
        self.source.read(path).await
    }
}

/// Writes the previews that are asked for; says how many were new or other than before.
pub(crate) async fn tell(
    desk: &Desk<'_>,
    pulls: &BTreeSet<u64>,
    known: &mut Known,
) -> Result<usize, PortError> {
    let mut told = 0;
    for number in pulls {
        let pull = desk.repository.pull(*number).await?.filter(PullRequest::open);
        let Some(pull) = pull else { continue };
        let Some(text) = text(desk, &pull, known).await? else { continue };
        told += usize::from(write(desk, *number, &text).await?);
    }
    Ok(told)
}

/// `None` = nobody wants it, or its base is no target.
async fn text(desk: &Desk<'_>, pull: &PullRequest, known: &mut Known) -> Result<Option<String>, PortError> {
    let target = &pull.base.branch;
    let Ok(ground) = gather::ground(desk, target, &wanted::Moves::default(), known).await? else {
        return Ok(None);
    };
    if !ground.settings.pull_request.preview {
        return Ok(None);
    }
    let links = desk.repository.links();
    let wishes = wishes(desk, &ground, known, &links).await?;
    let settings = ground.settings.without_files();
    let without = plan::draft(&ground.source, &settings, &wishes, desk.now()).await?;
    let files = match ground.settings.components.is_empty() {
        true => Vec::new(),
        false => changed(desk, pull.number).await?,
    };
    let commit = squash(pull, desk);
    let merged = Merged { source: &ground.source, commit: &commit, files: &files };
    let with = plan::draft(&merged, &settings, &wishes, desk.now()).await?;
    let own = |plan: &'_ Plan| -> Vec<Counted> {
        let all = plan.releases.iter().flat_map(|release| release.commits.clone());
        all.filter(|counted| counted.commit.sha == commit.sha).collect()
    };
    let own = own(&with);
    let stands = own.iter().find(|counted| counted.stands);
    let line = stands.and_then(|counted| in_changelog(counted, &ground.settings, &links));
    Ok(Some(preview::text(&Preview {
        target,
        moves: &moves(&without, &with, &commit.sha),
        floor: wishes.floors.get(&pull.number).copied(),
        line: line.as_deref(),
        unconventional: Message::read(&commit.message).kind.is_none(),
    })))
}

/// What the release pull request knows too: floors, versions that were set, tags that other targets claim.
async fn wishes(
    desk: &Desk<'_>,
    ground: &gather::Ground,
    known: &mut Known,
    links: &changelog::Links,
) -> Result<Wishes, PortError> {
    let (lanes, taken) = gather::lanes(desk, ground, known).await?;
    let set = lanes.iter().flat_map(|lane| propose::wishes(lane, &Orders::default())).collect();
    let floors = known::floors(desk.place, desk.records()).await?;
    Ok(Wishes { floors, set, taken, links: Some(links.clone()), ..Wishes::default() })
}

/// Its line, if its type has a section or it breaks something.
fn in_changelog(counted: &Counted, settings: &Settings, links: &changelog::Links) -> Option<String> {
    let kind = counted.message.kind.as_deref()?;
    let shown = counted.message.breaking || settings.rule(kind).section.is_some();
    shown.then(|| changelog::line(&plan::entry(counted), Some(links), settings))
}

/// What the components become with it that it counts for.
fn moves<'p>(without: &'p Plan, with: &'p Plan, commit: &Sha) -> Vec<Moves<'p>> {
    let before = |component: &Option<String>| without.releases.iter().find(|it| it.component == *component);
    let of = |release: &'p plan::Release| {
        let own = release.commits.iter().filter(|counted| counted.commit.sha == *commit && counted.counted);
        let bump = own.map(|counted| counted.bump).max()?;
        Some(Moves {
            component: release.component.as_deref(),
            bump,
            without: before(&release.component).map(|release| &release.next),
            with: Some(&release.next),
        })
    };
    with.releases.iter().filter_map(of).collect()
}

/// The commit that a squash would make of it: what a person sees of it now, its title and description.
fn squash(pull: &PullRequest, desk: &Desk<'_>) -> Commit {
    let body = pull.body.clone().unwrap_or_default();
    Commit {
        sha: pull.head.sha.clone(),
        message: format!("{}\n\n{body}", pull.title),
        time: desk.now(),
        parents: 1,
        author: None,
        pull: Some(Pull { number: pull.number, body: Some(body) }),
    }
}

async fn changed(desk: &Desk<'_>, number: u64) -> Result<Vec<String>, PortError> {
    let files = desk.repository.files(number).await?;
    Ok(files.into_iter().flat_map(|file| [Some(file.filename), file.previous_filename]).flatten().collect())
}

async fn write(desk: &Desk<'_>, number: u64, text: &str) -> Result<bool, PortError> {
    let comments = desk.repository.comments(number).await?;
    let ours =
        comments.iter().find(|comment| comment.is_by(desk.stage.app) && comment.body.starts_with(MARK));
    match ours {
        Some(there) if there.body.replace("\r\n", "\n").trim_end() == text.trim_end() => Ok(false),
        Some(there) => desk.repository.update_comment(there.id, text).await.map(|_| true),
        None => desk.repository.create_comment(number, text).await.map(|_| true),
    }
}
