//! Semantic versions, and those that always move by the same.

use semver::Version;

use super::{Line, Rules, at_its_end, core, free};
use crate::release::{Bump, settings::Strategy};

/// The next version without a pre-release's name.
pub(super) fn next(
    rules: &Rules<'_>,
    line: &Line,
    wanted: Bump,
    taken: &dyn Fn(&Version) -> bool,
) -> Result<Version, String> {
    let from = line.stable.as_ref().or(line.newest.as_ref());
    let by = moves(rules, from.unwrap_or(rules.initial), wanted);
    let candidate = match (&line.stable, announced(line)) {
        (None, None) => rules.initial.clone(),
        (None, Some(announced)) => announced,
        (Some(stable), announced) => {
            let moved = by.above(stable).ok_or_else(|| at_its_end(stable))?;
            announced.map_or(moved.clone(), |announced| announced.max(moved))
        }
    };
    free(candidate, taken, |version| by.above(version))
}

/// What the newest pre-release is to become, where it is above all releases.
fn announced(line: &Line) -> Option<Version> {
    let newest = line.newest.as_ref().filter(|newest| !newest.pre.is_empty())?;
    Some(core(newest))
}

/// How far the version moves when the changes ask for so much.
pub(super) fn moves(rules: &Rules<'_>, from: &Version, wanted: Bump) -> Bump {
    match (rules.strategy, wanted) {
        (Strategy::AlwaysPatch, _) => Bump::Patch,
        (Strategy::AlwaysMinor, _) => Bump::Minor,
        (Strategy::AlwaysMajor, _) => Bump::Major,
        (_, Bump::Major) if from.major == 0 && rules.minor_pre_major => Bump::Minor,
        (_, Bump::Minor) if from.major == 0 && rules.patch_for_minor_pre_major => Bump::Patch,
        // Something is to be released, and it needs a version of its own.
        (_, wanted) => wanted.max(Bump::Patch),
    }
}
