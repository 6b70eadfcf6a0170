//! What one package of a workspace requires of another, after the other's version moved.

use semver::{Version, VersionReq};

/// Whose rules a requirement follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// `1.2.3` takes every compatible version.
    Cargo,
    /// `1.2.3` takes that version alone; `workspace:` may stand before it.
    Npm,
}

/// What becomes of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Stays,
    Becomes(String),
    /// It does not take the new version, and how it should is not for us to say.
    Refuses,
}

const OPERATORS: [&str; 5] = [">=", "^", "~", "=", ""];

/// A requirement that names the version `before` names `to` instead, its operator kept. Any other stays as it is as
/// long as it takes `to`, and is moved in its own precision when it does not; but npm's that did not take `before`
/// means a package of that name from the registry.
pub(super) fn moved(requirement: &str, before: Option<&str>, to: &Version, rules: Rules) -> Outcome {
    let range = match rules {
        Rules::Cargo => requirement,
        Rules::Npm => requirement.strip_prefix("workspace:").unwrap_or(requirement),
    };
    let bare = range.trim();
    let operator = OPERATORS.into_iter().find(|operator| bare.starts_with(operator)).unwrap_or_default();
    let number = bare[operator.len()..].trim();
    let start = requirement.rfind(number).unwrap_or_default();
    let with = |version: &str| Outcome::Becomes(format!("{}{version}", &requirement[..start]));
    if Some(number) == before {
        return with(&to.to_string());
    }
    let Some(parts) = parts(number) else {
        return match VersionReq::parse(bare) {
            Ok(several) if rules == Rules::Cargo && !several.matches(to) => Outcome::Refuses,
            _ => Outcome::Stays,
        };
    };
    let read = match (rules, operator, parts) {
        (Rules::Npm, "", 3) => format!("={number}"),
        (Rules::Npm, "", _) => format!("~{number}"),
        _ => bare.to_owned(),
    };
    let took = |read: &VersionReq| {
        before.and_then(|before| before.parse().ok()).is_some_and(|old| read.matches(&old))
    };
    match VersionReq::parse(&read) {
        Err(_) => Outcome::Stays,
        Ok(read) if read.matches(to) || (rules == Rules::Npm && !took(&read)) => Outcome::Stays,
        Ok(_) => with(&shortened(to, parts)),
    }
}

/// How many numbers a plain version has; `None` for anything else.
fn parts(number: &str) -> Option<usize> {
    if Version::parse(number).is_ok() {
        return Some(3);
    }
    let all =
        number.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let count = number.split('.').count();
    (all && count < 3).then_some(count)
}

fn shortened(to: &Version, parts: usize) -> String {
    match parts {
        _ if !to.pre.is_empty() => to.to_string(),
        1 => to.major.to_string(),
        2 => format!("{}.{}", to.major, to.minor),
        _ => to.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_of_the_old_version_names_the_new_one_and_others_move_only_when_they_must() {
        for (requirement, to, cargo, npm) in [
            ("1.2.3", "1.3.0", "1.3.0", "1.3.0"),
            ("^1.2.3", "1.3.0", "^1.3.0", "^1.3.0"),
            ("~ 1.2.3", "1.3.0", "~ 1.3.0", "~ 1.3.0"),
            ("=1.2.3", "1.3.0-beta.1", "=1.3.0-beta.1", "=1.3.0-beta.1"),
            (">=1.2.3", "2.0.0", ">=2.0.0", ">=2.0.0"),
            ("1.2.0", "1.3.0", "1.2.0", "1.2.0"),
            ("^1.2.0", "1.3.0", "^1.2.0", "^1.2.0"),
            ("1.2", "1.3.0", "1.2", "1.3"),
            ("1", "1.3.0", "1", "1"),
            ("1", "2.0.0", "2", "2"),
            ("1.2", "2.0.0", "2.0", "2.0"),
            ("1.2", "2.0.0-rc.1", "2.0.0-rc.1", "2.0.0-rc.1"),
            ("0.9", "2.0.0", "2.0", "0.9"),
            ("*", "2.0.0", "*", "*"),
            (">=1.2, <2.0", "1.3.0", ">=1.2, <2.0", ">=1.2, <2.0"),
            (">=1.2, <2.0", "2.0.0", "refuses", ">=1.2, <2.0"),
            ("workspace:^1.2.3", "1.3.0", "workspace:^1.2.3", "workspace:^1.3.0"),
            ("workspace:*", "1.3.0", "workspace:*", "workspace:*"),
            ("file:../a", "1.3.0", "file:../a", "file:../a"),
            ("^1 || ^2", "3.0.0", "^1 || ^2", "^1 || ^2"),
            ("", "1.3.0", "", ""),
        ] {
            let to = to.parse().unwrap();
            for (rules, wanted) in [(Rules::Cargo, cargo), (Rules::Npm, npm)] {
                let got = match moved(requirement, Some("1.2.3"), &to, rules) {
                    Outcome::Stays => requirement.to_owned(),
                    Outcome::Becomes(text) => text,
                    Outcome::Refuses => "refuses".to_owned(),
                };
                assert_eq!(got, wanted, "{requirement} {to} {rules:?}");
            }
        }
    }
}
