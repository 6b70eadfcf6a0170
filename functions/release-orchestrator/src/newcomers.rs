//! Whose first change is released. Only GitHub knows: it is asked by a pass that writes, once for each head.

use pointsman_core::{
    port::PortError,
    release::{Sha, changelog::Newcomer, plan::Plan},
};
use serde::{Deserialize, Serialize};

use crate::{desk::Desk, gather::Ground, known};

/// What GitHub said, and of which commits: one record a target, so that they do not heap up.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The previous tag's object.
    since: Option<Sha>,
    head: Sha,
    people: Vec<Newcomer>,
}

/// What is known without a request; `None` = GitHub was not asked yet.
pub(crate) async fn known(
    desk: &Desk<'_>,
    ground: &Ground,
    plan: &Plan,
) -> Result<Option<Vec<Newcomer>>, PortError> {
    let wanted = ground.settings.changelog.new_contributors;
    let Some(widest) = plan.widest().filter(|_| wanted) else { return Ok(Some(Vec::new())) };
    let since = widest.since.as_ref().map(|tag| &tag.object);
    let kept: Option<Kept> = known::read(desk.records(), &key(desk, ground)).await?;
    let kept = kept.filter(|kept| kept.head == ground.head && kept.since.as_ref() == since);
    Ok(kept.map(|kept| kept.people))
}

/// Asks GitHub, and keeps what it says.
pub(crate) async fn ask(desk: &Desk<'_>, ground: &Ground, plan: &Plan) -> Result<Vec<Newcomer>, PortError> {
    let Some(people) = desk.repository.newcomers(plan, &ground.head, &desk.repository.links()).await? else {
        return Ok(Vec::new());
    };
    let since = plan.widest().and_then(|widest| widest.since.as_ref()).map(|tag| tag.object.clone());
    let kept = Kept { since, head: ground.head.clone(), people };
    known::write(desk.records(), &key(desk, ground), &kept).await?;
    Ok(kept.people)
}

fn key(desk: &Desk<'_>, ground: &Ground) -> String {
    format!("release/newcomers/{}/{}", desk.place.key(), ground.target)
}
