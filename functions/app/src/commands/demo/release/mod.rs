//! The second part: three merges at once, one release pull request, its merge, the tag and the release, all checked.

mod check;
mod markdown;
mod post;
mod show;

use std::sync::{Arc, Barrier};

use anyhow::{Context as _, Result};
use pointsman_core::port::QueueAdmin;
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    releases::Crew,
    sample::{CURRENT, FEATURES, OWNER, RELEASED, REPO, Sample},
};
use post::{Post, Webhook};
pub use show::released;

/// What the release branches begin with.
const OURS: &str = "pointsman--release--";
/// The version that must come of it: the highest of the changes is a feature.
const NEXT: &str = "1.5.0";

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Released {
    repository: &'static str,
    current: &'static str,
    merged: Vec<Merged>,
    webhooks: Vec<Webhook>,
    pull_requests: Vec<Proposed>,
    files: Vec<Changed>,
    tags: Vec<Tag>,
    releases: Vec<Published>,
}

/// A change that was merged.
#[derive(Debug, Serialize)]
struct Merged {
    number: u64,
    author: &'static str,
    title: &'static str,
}

/// A release pull request, before it was merged.
#[derive(Debug, Serialize)]
struct Proposed {
    number: u64,
    title: String,
    body: String,
}

/// A file that the release changed.
#[derive(Debug, Serialize)]
struct Changed {
    path: &'static str,
    /// The first line that is another one, before and after.
    before: String,
    after: String,
    #[serde(skip)]
    text: String,
}

/// A tag that was not there before.
#[derive(Debug, Serialize)]
struct Tag {
    name: String,
    sha: String,
}

/// A release that was not there before.
#[derive(Debug, Serialize)]
struct Published {
    name: String,
    tag: String,
    draft: bool,
    body: String,
}

/// Plays it with these stages, webhooks going to `hook`; with what was not as it must be.
pub async fn play(
    sample: &Sample,
    hook: &str,
    crew: Crew,
    admin: &dyn QueueAdmin,
) -> Result<(Released, Vec<String>)> {
    sample.github.set_hook_url(sample.app.id, hook);
    let leave = CancellationToken::new();
    let working = tokio::spawn(crew.work(leave.clone()));
    let mut post = Post::new(&sample.github, admin);
    let told = story(sample, &mut post).await;
    leave.cancel();
    working.await.context("the release stages failed")?;
    let (mut released, mut wrong) = told?;
    wrong.extend(post.wrong().await?);
    released.webhooks = post.webhooks;
    Ok((released, wrong))
}

async fn story(sample: &Sample, post: &mut Post<'_>) -> Result<(Released, Vec<String>)> {
    let mut released = Released { repository: REPO, current: CURRENT, ..Released::default() };
    let open =
        |feature| Merged { number: sample.open(feature), author: feature.author, title: feature.title };
    released.merged = FEATURES.iter().map(open).collect();
    post.until_quiet().await?;
    merge_at_once(sample, &released.merged).await?;
    post.until_quiet().await?;
    released.pull_requests = proposed(&sample.github.snapshot(REPO));
    let mut merge = None;
    if let [proposed] = &released.pull_requests[..] {
        merge = Some(sample.github.person(OWNER).merge(REPO, proposed.number, "merge"));
        post.until_quiet().await?;
    }
    let end = sample.github.snapshot(REPO);
    released.files = RELEASED.into_iter().filter_map(|path| changed(sample, path)).collect();
    released.tags = tags(&end);
    released.releases = published(&end);
    let wrong = check::wrong(&released, &end, merge.as_ref());
    Ok((released, wrong))
}

/// Each by its author, all at the same moment.
async fn merge_at_once(sample: &Sample, pulls: &[Merged]) -> Result<()> {
    let start = Arc::new(Barrier::new(pulls.len()));
    let mut merging = JoinSet::new();
    for pull in pulls {
        let (github, start, author, number) =
            (sample.github.clone(), start.clone(), pull.author, pull.number);
        merging.spawn_blocking(move || {
            start.wait();
            github.person(author).merge(REPO, number, "squash")
        });
    }
    while let Some(merged) = merging.join_next().await {
        merged.context("a pull request could not be merged")?;
    }
    Ok(())
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The open pull requests of release branches.
fn proposed(snapshot: &Value) -> Vec<Proposed> {
    let ours = |pull: &&Value| pull["state"] == "open" && is_ours(pull);
    let proposed = |pull: &Value| Proposed {
        number: pull["number"].as_u64().unwrap_or_default(),
        title: text(&pull["title"]),
        body: text(&pull["body"]),
    };
    list(snapshot, "pulls").filter(ours).map(proposed).collect()
}

fn is_ours(pull: &Value) -> bool {
    pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with(OURS))
}

/// What became of a file since the version before.
fn changed(sample: &Sample, path: &'static str) -> Option<Changed> {
    let before = sample.github.file(REPO, &format!("v{CURRENT}"), path).unwrap_or_default();
    let text = sample.github.file(REPO, "main", path)?;
    let mut lines = before.lines().map(Some).chain(std::iter::repeat(None)).zip(text.lines());
    let (was, is) = lines.find(|(was, is)| *was != Some(is))?;
    Some(Changed { path, before: was.unwrap_or_default().to_owned(), after: is.to_owned(), text })
}

fn tags(snapshot: &Value) -> Vec<Tag> {
    let refs = snapshot["refs"].as_object().into_iter().flatten();
    let tags = refs.filter_map(|(name, sha)| Some((name.strip_prefix("refs/tags/")?, sha)));
    let new = tags.filter(|(name, _)| name.strip_prefix('v') != Some(CURRENT));
    new.map(|(name, sha)| Tag { name: name.to_owned(), sha: text(sha) }).collect()
}

fn published(snapshot: &Value) -> Vec<Published> {
    let published = |release: &Value| Published {
        name: text(&release["name"]),
        tag: text(&release["tag_name"]),
        draft: release["draft"] == true,
        body: text(&release["body"]),
    };
    let all = list(snapshot, "releases").map(published);
    all.filter(|release| release.tag.strip_prefix('v') != Some(CURRENT)).collect()
}
