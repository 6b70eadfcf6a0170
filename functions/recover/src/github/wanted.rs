//! Whether anybody wants a delivery, as far as GitHub's list tells: it has no name and no payload.

use pointsman_core::{port::PortError, route::Whose};
use pointsman_github::HookPlace;

use super::{group::Group, names::Names};
use crate::turn::Turn;

/// Whether to take it; in doubt, yes.
pub(crate) async fn is(turn: &Turn<'_>, names: &mut Names<'_>, group: &Group) -> Result<bool, PortError> {
    let hook = names.hook();
    let Some(source) = turn.rules.sources.get(&hook.source) else { return Ok(false) };
    let (router, full) = (&turn.rules.router, group.full_event());
    let mut events = vec![group.event.as_str()];
    if group.action.is_some() {
        events.push(&full);
    }
    if !source.events.matches(&events) || !router.may_want(&hook.source, &events, Whose::Unknown) {
        return Ok(false);
    }
    if !router.names_repositories() && source.owns.is_empty() {
        return Ok(true);
    }
    let (name, known) = match (&hook.place, group.repository) {
        (HookPlace::Repository { slug, .. }, _) => (Some(slug.key()), true),
        (_, None) => (None, true),
        (_, Some(id)) => {
            let name = names.of(turn, group, id).await?;
            (name.clone(), name.is_some())
        }
    };
    let whose = match &name {
        Some(name) => Whose::Repository(name),
        None if known => Whose::Nobodys,
        None => Whose::Unknown,
    };
    let owned = name.as_ref().is_none_or(|name| source.owns.matches(&[name]));
    Ok(owned && router.may_want(&hook.source, &events, whose))
}
