//! Numbered pre-releases of what comes next: `1.2.0-beta.1`, `1.2.0-beta.2`.

use semver::{Prerelease, Version};

use super::{Line, Rules, at_its_end, core, free, numbers};
use crate::release::Bump;

/// The next pre-release.
pub(super) fn next(
    rules: &Rules<'_>,
    line: &Line,
    wanted: Bump,
    taken: &dyn Fn(&Version) -> bool,
) -> Result<Version, String> {
    let candidate = match &line.newest {
        None if !rules.initial.pre.is_empty() => rules.initial.clone(),
        None => numbered(rules.initial, rules.prerelease_type, 1)?,
        Some(newest) if newest.pre.is_empty() => first(rules, newest, wanted)?,
        Some(newest) => after(rules, line.stable.as_ref(), newest, wanted)?,
    };
    free(candidate, taken, |version| {
        let number = number(version, rules.prerelease_type).unwrap_or(0).checked_add(1)?;
        numbered(version, rules.prerelease_type, number).ok()
    })
}

/// The first pre-release of what comes after this release.
fn first(rules: &Rules<'_>, stable: &Version, wanted: Bump) -> Result<Version, String> {
    let by = numbers::moves(rules, stable, wanted);
    let above = by.above(stable).ok_or_else(|| at_its_end(stable))?;
    numbered(&above, rules.prerelease_type, 1)
}

/// The pre-release after this one: of the same release, unless the changes now ask for a higher one.
fn after(
    rules: &Rules<'_>,
    stable: Option<&Version>,
    newest: &Version,
    wanted: Bump,
) -> Result<Version, String> {
    if let Some(stable) = stable
        && numbers::moves(rules, stable, wanted) > Bump::between(stable, newest)
    {
        return first(rules, stable, wanted);
    }
    let kind = rules.prerelease_type;
    let count = match number(newest, kind) {
        Some(number) => number.checked_add(1).ok_or_else(|| at_its_end(newest))?,
        None => 1,
    };
    let candidate = numbered(newest, kind, count)?;
    if candidate > *newest {
        return Ok(candidate);
    }
    // `alpha` after `beta` would be a step back: it is one of the release after that.
    let above = Bump::Patch.above(&core(newest)).ok_or_else(|| at_its_end(newest))?;
    numbered(&above, kind, 1)
}

/// The pre-release's number, if it is of this kind: 2 of `beta.2`, 0 of `beta`.
fn number(version: &Version, kind: &str) -> Option<u64> {
    let rest = version.pre.strip_prefix(kind)?;
    if rest.is_empty() {
        return Some(0);
    }
    rest.strip_prefix('.')?.split('.').next()?.parse().ok()
}

fn numbered(version: &Version, kind: &str, number: u64) -> Result<Version, String> {
    let pre = Prerelease::new(&format!("{kind}.{number}")).map_err(|error| {
        format!("`prerelease_type: {kind}` makes no version such as 1.2.0-beta.1 ({error}): use a word such as beta")
    })?;
    Ok(Version { pre, ..core(version) })
}
