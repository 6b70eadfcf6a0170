//! One target branch: gather, settle, plan, and for each release branch the next move. Nothing is taken from an event.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use pointsman_core::{
    port::PortError,
    release::plan::{self, Plan, Wishes},
};
use pointsman_github::late;
use tracing::{debug, warn};

use crate::{
    apply::{self, Applied},
    commands::Asked,
    decide::{self, Head, Move, Open, Scene},
    desk::{Desk, Orders},
    gather::{self, Ground, Lane},
    known::{self, Known},
    newcomers,
    propose::{self, Proposed},
    report::{Ended, Line},
    rules, settle,
    wanted::Moves,
};

/// How often a pass starts over because something moved under it.
const TRIES: usize = 3;

/// Brings one target's release pull requests up to date.
pub(crate) async fn pass(
    desk: &Desk<'_>,
    target: &str,
    moves: &Moves,
    asked: &mut Asked,
    known: &mut Known,
) -> Result<Vec<Line>, PortError> {
    for _ in 0..TRIES {
        if let Some(lines) = turn(desk, target, moves, asked, known).await? {
            return Ok(lines);
        }
        debug!(target, "something moved meanwhile: starting over");
    }
    Err(late::soon(format!("{target} of {} moved {TRIES} times while it was read", desk.place.name)))
}

/// One try; `None` = what it stood on moved.
async fn turn(
    desk: &Desk<'_>,
    target: &str,
    moves: &Moves,
    asked: &mut Asked,
    known: &mut Known,
) -> Result<Option<Vec<Line>>, PortError> {
    let only = |ended| vec![Line { target: target.to_owned(), branch: None, pull: None, ended }];
    let ground = match gather::ground(desk, target, moves, known).await? {
        Ok(ground) => ground,
        Err(ended) => return Ok(Some(only(ended))),
    };
    let (lanes, taken) = gather::lanes(desk, &ground, known).await?;
    if settle::settle(desk, &ground, &lanes).await? {
        return Ok(Some(only(Ended::Settling)));
    }
    let orders: BTreeMap<&str, Orders> =
        lanes.iter().map(|lane| (lane.branch.as_str(), asked.orders(lane))).collect();
    let set = lanes.iter().flat_map(|lane| propose::wishes(lane, &orders[lane.branch.as_str()])).collect();
    let links = desk.repository.links();
    let mut wishes = Wishes {
        floors: known::floors(desk.place, desk.records()).await?,
        set,
        taken,
        links: Some(links.clone()),
        ..Wishes::default()
    };
    let plan = match planned(desk, &ground, &lanes, &orders, &mut wishes).await {
        Err(error) if plan::is_for_people(&error) => {
            rules::tell_of_files(desk, &ground, &error).await?;
            return Ok(Some(only(Ended::SettingsBroken)));
        }
        other => other?,
    };
    for warning in &plan.warnings {
        warn!(target, "{warning}");
    }
    let mut lines = Vec::new();
    for lane in &lanes {
        let orders = &orders[lane.branch.as_str()];
        asked.planned(lane, &plan);
        let earlier = earlier(desk, &ground, lane, &wishes, &plan).await?;
        let plan = earlier.as_ref().unwrap_or(&plan);
        let proposed = propose::propose(&ground, lane, plan, orders, &links);
        match step(desk, &ground, lane, proposed.as_ref(), orders).await? {
            (_, Applied::Moved) => return Ok(None),
            (ended, Applied::Done(pull)) => lines.push(Line {
                target: target.to_owned(),
                branch: Some(lane.branch.clone()),
                pull,
                ended: Ended::Moved(ended),
            }),
        }
    }
    Ok(Some(lines))
}

/// The plan as of the day on which the branch's head was made, if it was made of the very same commit and the versions
/// are the same: a changelog's date is no reason to write. A calendar's version is.
async fn earlier(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    wishes: &Wishes,
    plan: &Plan,
) -> Result<Option<Plan>, PortError> {
    let Head::Ours { base, made: Some(made), .. } = &lane.head else { return Ok(None) };
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    if *base != ground.head || day(*made) == day(desk.now()) {
        return Ok(None);
    }
    let earlier = plan::draft(&ground.source, &ground.settings, wishes, *made).await?;
    let tags = |plan: &Plan| plan.releases.iter().map(|release| release.tag.clone()).collect::<Vec<_>>();
    Ok((tags(&earlier) == tags(plan)).then_some(earlier))
}

/// The plan, with those who are new: asked for where something is to be written, else as far as they are known.
async fn planned(
    desk: &Desk<'_>,
    ground: &Ground,
    lanes: &[Lane],
    orders: &BTreeMap<&str, Orders>,
    wishes: &mut Wishes,
) -> Result<Plan, PortError> {
    let plan = plan::draft(&ground.source, &ground.settings, wishes, desk.now()).await?;
    let people = match newcomers::known(desk, ground, &plan).await? {
        Some(people) => people,
        None if writes(desk, ground, lanes, orders, wishes, &plan).await? => {
            newcomers::ask(desk, ground, &plan).await?
        }
        None => return Ok(plan),
    };
    if people.is_empty() {
        return Ok(plan);
    }
    wishes.new_contributors = people;
    plan::draft(&ground.source, &ground.settings, wishes, desk.now()).await
}

/// Whether a plan makes a commit on one of the release branches.
async fn writes(
    desk: &Desk<'_>,
    ground: &Ground,
    lanes: &[Lane],
    orders: &BTreeMap<&str, Orders>,
    wishes: &Wishes,
    plan: &Plan,
) -> Result<bool, PortError> {
    for lane in lanes {
        let orders = &orders[lane.branch.as_str()];
        let earlier = earlier(desk, ground, lane, wishes, plan).await?;
        let proposed = propose::propose(
            ground,
            lane,
            earlier.as_ref().unwrap_or(plan),
            orders,
            &desk.repository.links(),
        );
        if matches!(next(ground, lane, proposed.as_ref(), orders), Move::Open | Move::Move) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Decides one release branch's move.
fn next(ground: &Ground, lane: &Lane, proposed: Option<&Proposed<'_>>, orders: &Orders) -> Move {
    let pull = lane.open();
    let open = pull.map(|pull| Open {
        held: lane.marker().is_some_and(|marker| marker.hold) && !orders.any(),
        same_text: proposed
            .is_none_or(|it| it.proposal.is_said(&pull.title, pull.body.as_deref().unwrap_or_default())),
        lacks_label: !apply::lacking(ground, pull).is_empty(),
    });
    let due = proposed.map(|it| it.proposal.fingerprint.as_str());
    let scene = Scene { due, open, head: &lane.head, rebuild: orders.rebuild };
    decide::next(&scene)
}

/// Decides and makes one release branch's move.
async fn step(
    desk: &Desk<'_>,
    ground: &Ground,
    lane: &Lane,
    proposed: Option<&Proposed<'_>>,
    orders: &Orders,
) -> Result<(Move, Applied), PortError> {
    let (next, pull) = (next(ground, lane, proposed, orders), lane.open());
    let applied = match (next, pull, proposed) {
        (Move::Open, _, Some(proposed)) => apply::open(desk, ground, lane, proposed, orders.rebuild).await?,
        (Move::Move, Some(pull), Some(proposed)) => apply::shift(desk, ground, lane, pull, proposed).await?,
        (Move::Retouch, Some(pull), Some(proposed)) => apply::retouch(desk, ground, pull, proposed).await?,
        (Move::Close, Some(pull), _) => apply::close(desk, ground, lane, pull).await?,
        (Move::Keep, Some(pull), _) => apply::keep(desk, pull).await?,
        _ => Applied::Done(pull.map(|pull| pull.number)),
    };
    Ok((next, applied))
}
