//! The steps: tag, draft, publish, tidy up. Each looks before it makes, so that a second run finds the first one's work.

use pointsman_core::{port::ErrorKind, release::Sha};
use pointsman_github::{Claim, Latest, NewRelease, RefName, Refusal, Release, ReleaseChange};

use crate::{
    check::{self, Checked, Item},
    decide::{self, Standing},
    desk::{Desk, Halt},
    look_again, notes, tidy,
};

/// The lists of releases that are read: the newest hundred. A draft of ours is among them, it was made a moment ago.
const PAGES: usize = 1;

/// Publishes a merged release pull request; says the tags.
pub(crate) async fn publish(desk: &Desk<'_>, pull: u64) -> Result<Vec<String>, Halt> {
    let checked = check::check(desk, pull).await?;
    let notes = notes::write(desk, &checked).await?;
    for item in &checked.items {
        if item.tagged.is_none() {
            tag(desk, &checked, item).await?;
        }
    }
    for (item, note) in checked.items.iter().zip(&notes) {
        release(desk, &checked, item, note).await?;
    }
    tidy::tidy(desk, &checked, &notes).await?;
    let errand = look_again(&checked.target, &checked.merge);
    let now = desk.stage.ports.clock.now();
    let message = errand.message(desk.place, now, desk.trace);
    for sent in desk.stage.ports.queue.send(&desk.stage.orchestrator, vec![message]).await {
        sent?;
    }
    Ok(checked.items.into_iter().map(|item| item.tag).collect())
}

/// The tag at the merge commit. It is claimed, never moved.
async fn tag(desk: &Desk<'_>, checked: &Checked, item: &Item) -> Result<(), Halt> {
    let name = RefName::tag(&item.tag)?;
    let annotated = checked.settings.pull_request.annotated_tag;
    let object = if annotated {
        desk.repository.create_tag_object(&item.tag, &item.title, &checked.merge).await?.sha
    } else {
        checked.merge.clone()
    };
    match desk.repository.claim(&name, &object).await {
        Ok(Claim::Made | Claim::Same) => Ok(()),
        // Another run made it between our look and our claim: an annotated one is another object at the same commit.
        Ok(Claim::Taken(_)) => match check::tagged(desk, &name).await? {
            Some(commit) if commit == checked.merge => Ok(()),
            Some(commit) => Err(elsewhere(item, &commit, &checked.merge)),
            None => Err(Halt::not_seen_yet(&format!("the tag {}", item.tag))),
        },
        Err(error) => Err(match Refusal::of(&error) {
            Some(Refusal::Protected | Refusal::Permission) => Halt::Person {
                key: "tag-refused",
                text: format!(
                    "The tag `{}` could not be made at {}: {error}.\n\nOnce the App may, the release is made: at the next \
                     push to `{}`, or within the hour.",
                    item.tag,
                    checked.merge.short(),
                    checked.target
                ),
            },
            _ => Halt::Port(error),
        }),
    }
}

/// What is told when the tag is at another commit.
pub(crate) fn elsewhere(item: &Item, commit: &Sha, merge: &Sha) -> Halt {
    let Item { tag, .. } = item;
    Halt::Person {
        key: "tag-elsewhere",
        text: format!(
            "The tag `{tag}` is already at {}, and this pull request was merged as {}. A tag is never moved, so nothing was \
             released.\n\nIf that tag is a mistake, delete it: the release is made at the next push, or within the hour. \
             Otherwise choose another version on the next release pull request with `set-version`.",
            commit.short(),
            merge.short()
        ),
    }
}

/// The release: as a draft first, published last, since a published one may be immutable.
async fn release(desk: &Desk<'_>, checked: &Checked, item: &Item, note: &notes::Note) -> Result<(), Halt> {
    let mut standing = look(desk, item).await?;
    if standing == Standing::Missing {
        let made = desk.repository.create_release(&draft(checked, item, note)).await;
        standing = match made {
            Ok(made) => with(look(desk, item).await?, made.id, item)?,
            Err(error) if Refusal::of(&error) == Some(Refusal::ReleaseExists) => look(desk, item).await?,
            Err(error) => return Err(error.into()),
        };
    }
    if let Standing::Draft { keep, surplus } = standing {
        let alone = surplus.is_empty();
        if publish_draft(desk, item, keep).await? && alone {
            return Ok(());
        }
        standing = look(desk, item).await?;
    }
    // Drafts go only once another is published: until then another run may be about to publish one of them.
    let Standing::Published { surplus } = standing else {
        return Err(Halt::not_seen_yet(&format!("the release of {}", item.tag)));
    };
    for id in surplus {
        desk.repository.delete_release(id).await?;
    }
    Ok(())
}

/// Publishes it; `false` = another run was faster: it published another draft, or deleted this one after that.
async fn publish_draft(desk: &Desk<'_>, item: &Item, id: u64) -> Result<bool, Halt> {
    let latest = if item.latest { Latest::Yes } else { Latest::No };
    let change = ReleaseChange {
        draft: Some(false),
        prerelease: Some(!item.version.pre.is_empty()),
        make_latest: Some(latest),
        ..ReleaseChange::default()
    };
    match desk.repository.update_release(id, &change).await {
        Ok(_) => Ok(true),
        Err(error) if Refusal::of(&error) == Some(Refusal::ReleaseExists) => Ok(false),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What there is of this tag. A published release is found by its tag, however old it is; a draft is only in the list.
async fn look(desk: &Desk<'_>, item: &Item) -> Result<Standing, Halt> {
    let mut releases: Vec<Release> = desk.repository.releases(PAGES, |_| false).await?;
    if !releases.iter().any(|release| release.tag_name == item.tag && !release.draft) {
        releases.extend(desk.repository.release_of(&item.tag).await?);
    }
    Ok(decide::standing(&releases, &item.tag))
}

/// The draft that was just made counts, whether the list shows it yet or not.
fn with(standing: Standing, made: u64, item: &Item) -> Result<Standing, Halt> {
    let mut drafts = match standing {
        Standing::Missing => vec![],
        Standing::Draft { keep, surplus } => [vec![keep], surplus].concat(),
        Standing::Published { surplus } if surplus.contains(&made) => {
            return Ok(Standing::Published { surplus });
        }
        // Whether it is surplus, or is what another run published, the list is to say.
        Standing::Published { .. } => return Err(Halt::not_seen_yet(&format!("the draft of {}", item.tag))),
    };
    drafts.push(made);
    drafts.sort_unstable();
    drafts.dedup();
    let keep = drafts.remove(0);
    Ok(Standing::Draft { keep, surplus: drafts })
}

fn draft(checked: &Checked, item: &Item, note: &notes::Note) -> NewRelease {
    NewRelease {
        tag_name: item.tag.clone(),
        target_commitish: Some(checked.merge.to_string()),
        name: note.name.clone(),
        body: decide::marked(&note.text),
        draft: true,
        prerelease: !item.version.pre.is_empty(),
    }
}
