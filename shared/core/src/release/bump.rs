//! How far a change moves a version.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// How far a change moves a version, in order.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Not at all.
    #[default]
    None,
    /// 1.2.3 -> 1.2.4
    Patch,
    /// 1.2.3 -> 1.3.0
    Minor,
    /// 1.2.3 -> 2.0.0
    Major,
}

impl Bump {
    /// The version that is so much higher. `None` = a number in it is at its end.
    pub fn above(self, version: &Version) -> Option<Version> {
        let up = |number: u64| number.checked_add(1);
        Some(match self {
            Self::None => version.clone(),
            Self::Patch => Version::new(version.major, version.minor, up(version.patch)?),
            Self::Minor => Version::new(version.major, up(version.minor)?, 0),
            Self::Major => Version::new(up(version.major)?, 0, 0),
        })
    }

    /// Which of the three numbers two versions differ in first; `None` = at most in what stands behind them.
    pub fn between(one: &Version, other: &Version) -> Self {
        if one.major != other.major {
            Self::Major
        } else if one.minor != other.minor {
            Self::Minor
        } else if one.patch != other.patch {
            Self::Patch
        } else {
            Self::None
        }
    }

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}
