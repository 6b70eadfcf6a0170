//! The next version: what is there, how far the changes move it, and by which strategy.

mod calver;
mod numbers;
mod pre;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use semver::Version;

use crate::release::{
    Bump, Settings,
    settings::{Part, Strategy},
};

pub use calver::Format;

/// The longest version that is taken: it becomes a tag's name.
const LONGEST: usize = 128;

/// The released versions of one part that the head reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The highest of all.
    pub newest: Option<Version>,
    /// The highest that is no pre-release.
    pub stable: Option<Version>,
}

/// What decides besides the changes.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// How the next version follows.
    pub strategy: Strategy,
    /// The first version.
    pub initial: &'a Version,
    /// Before 1.0.0 a breaking change moves the minor version.
    pub minor_pre_major: bool,
    /// Before 1.0.0 a feature moves the patch version.
    pub patch_for_minor_pre_major: bool,
    /// What stands before a pre-release's number.
    pub prerelease_type: &'a str,
    /// The parts of a version by the date.
    pub calver_format: &'a str,
    /// Today, UTC.
    pub today: Date,
}

impl<'a> Rules<'a> {
    /// Those of a part.
    pub fn of(settings: &'a Settings, part: &'a Part, today: Date) -> Self {
        Self {
            strategy: part.strategy,
            initial: &part.initial_version,
            minor_pre_major: settings.bump_minor_pre_major,
            patch_for_minor_pre_major: settings.bump_patch_for_minor_pre_major,
            prerelease_type: &part.prerelease_type,
            calver_format: &settings.calver_format,
            today,
        }
    }
}

/// The version after these, when the changes ask for so much: above all of the line, and none that `taken` knows.
/// An error says why there can be none now, for people.
pub fn next(
    rules: &Rules<'_>,
    line: &Line,
    wanted: Bump,
    taken: &dyn Fn(&Version) -> bool,
) -> Result<Version, String> {
    match rules.strategy {
        Strategy::Semver | Strategy::AlwaysPatch | Strategy::AlwaysMinor | Strategy::AlwaysMajor => {
            numbers::next(rules, line, wanted, taken)
        }
        Strategy::Prerelease => pre::next(rules, line, wanted, taken),
        Strategy::Calver => calver::next(rules, line, wanted, taken),
    }
}

/// A version that a person wrote; a `v` before it is no fault.
pub fn parse(text: &str) -> Result<Version, String> {
    let text = text.trim();
    let told = crate::release::text::plain(text, 40);
    if text.len() > LONGEST {
        return Err(format!("`{told}` is no version: it is longer than {LONGEST} characters"));
    }
    let bare = text.strip_prefix('v').unwrap_or(text);
    bare.parse().map_err(|error| format!("`{told}` is no version such as 1.2.0 or 1.2.0-beta.1: {error}"))
}

/// A strategy that makes releases of what pre-releases have announced.
pub fn graduates(strategy: Strategy) -> bool {
    strategy != Strategy::Prerelease
}

/// The version's three numbers alone.
fn core(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

fn at_its_end(version: &Version) -> String {
    format!("{version} cannot be counted up any further: remove its tag")
}

/// Counts on until nobody has it.
fn free(
    mut version: Version,
    taken: &dyn Fn(&Version) -> bool,
    up: impl Fn(&Version) -> Option<Version>,
) -> Result<Version, String> {
    while taken(&version) {
        version = up(&version).ok_or_else(|| at_its_end(&version))?;
    }
    Ok(version)
}

/// How far the strategy moves a version when a change asks for so much.
pub fn moves(rules: &Rules<'_>, line: &Line, wanted: Bump) -> Bump {
    let from = line.stable.as_ref().or(line.newest.as_ref()).unwrap_or(rules.initial);
    numbers::moves(rules, from, wanted)
}
