//! Every strategy as a table: what is there, what the changes ask for, what comes next.

use std::collections::BTreeSet;

use super::*;
use Bump::{Major, Minor, None as Nothing, Patch};

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn rules(strategy: Strategy) -> Rules<'static> {
    static INITIAL: Version = Version::new(0, 1, 0);
    Rules {
        strategy,
        initial: &INITIAL,
        minor_pre_major: true,
        patch_for_minor_pre_major: false,
        prerelease_type: "beta",
        calver_format: "YYYY.MM.MICRO",
        today: jiff::civil::date(2026, 11, 21),
    }
}

/// The highest of these tags' versions, and the highest that is no pre-release.
fn line(versions: &str) -> Line {
    let all: BTreeSet<Version> = versions.split_whitespace().map(version).collect();
    Line { newest: all.last().cloned(), stable: all.iter().rfind(|it| it.pre.is_empty()).cloned() }
}

fn after(rules: &Rules<'_>, versions: &str, wanted: Bump, taken: &str) -> Result<String, String> {
    let taken: BTreeSet<Version> = taken.split_whitespace().map(version).collect();
    next(rules, &line(versions), wanted, &|version| taken.contains(version)).map(|next| next.to_string())
}

#[track_caller]
fn table(rules: &Rules<'_>, cases: &[(&str, Bump, &str, &str)]) {
    for (versions, wanted, taken, expected) in cases {
        let found = after(rules, versions, *wanted, taken).unwrap();
        assert_eq!(found, *expected, "{:?} after {versions}, {wanted:?}, taken {taken}", rules.strategy);
        let found = version(&found);
        assert!(line(versions).newest.is_none_or(|newest| found > newest), "never down");
    }
}

#[test]
fn semver() {
    table(
        &rules(Strategy::Semver),
        &[
            ("", Patch, "", "0.1.0"),
            ("", Major, "", "0.1.0"),
            ("", Minor, "0.1.0", "0.2.0"),
            ("1.2.3", Patch, "", "1.2.4"),
            ("1.2.3", Minor, "", "1.3.0"),
            ("1.2.3", Major, "", "2.0.0"),
            ("1.2.3+build.5", Patch, "", "1.2.4"),
            ("0.3.1", Patch, "", "0.3.2"),
            ("0.3.1", Minor, "", "0.4.0"),
            ("0.3.1", Major, "", "0.4.0"),
            // What another line has is skipped, and a feature stays a minor version.
            ("1.2.3", Patch, "1.2.4 1.2.5", "1.2.6"),
            ("1.2.3", Minor, "1.3.0 1.3.1", "1.4.0"),
            ("1.2.3", Major, "2.0.0", "3.0.0"),
            // Pre-releases become what they announced, or something higher.
            ("1.1.0 1.2.0-beta.2", Minor, "", "1.2.0"),
            ("1.1.0 1.2.0-beta.2", Patch, "", "1.2.0"),
            ("1.1.0 1.2.0-beta.2", Major, "", "2.0.0"),
            ("1.1.0 2.0.0-rc.1", Patch, "", "2.0.0"),
            ("1.0.0-rc.1", Patch, "", "1.0.0"),
            ("1.1.0 1.2.0-beta.2", Minor, "1.2.0", "1.3.0"),
            // One that was released since announces nothing.
            ("1.2.0-beta.2 1.2.0", Patch, "", "1.2.1"),
        ],
    );
}

#[test]
fn before_the_first_major_version() {
    let cases = [
        (true, false, Major, "0.4.0"),
        (true, false, Minor, "0.4.0"),
        (true, true, Minor, "0.3.2"),
        (true, true, Major, "0.4.0"),
        (false, false, Major, "1.0.0"),
        (false, true, Major, "1.0.0"),
        (false, true, Minor, "0.3.2"),
        (false, true, Patch, "0.3.2"),
    ];
    for (minor_pre_major, patch_for_minor_pre_major, wanted, expected) in cases {
        let rules = Rules { minor_pre_major, patch_for_minor_pre_major, ..rules(Strategy::Semver) };
        assert_eq!(after(&rules, "0.3.1", wanted, "").unwrap(), expected, "{rules:?}");
        let big = if wanted == Major { "2.0.0" } else { "1.0.1" };
        let wanted = if wanted == Minor { Patch } else { wanted };
        assert_eq!(after(&rules, "1.0.0", wanted, "").unwrap(), big, "from 1.0.0 on they say nothing");
    }
}

#[test]
fn always_the_same() {
    for (strategy, small, large) in [
        (Strategy::AlwaysPatch, "0.3.2", "1.2.4"),
        (Strategy::AlwaysMinor, "0.4.0", "1.3.0"),
        (Strategy::AlwaysMajor, "1.0.0", "2.0.0"),
    ] {
        for wanted in [Patch, Minor, Major] {
            table(
                &rules(strategy),
                &[("0.3.1", wanted, "", small), ("1.2.3", wanted, "", large), ("", wanted, "", "0.1.0")],
            );
        }
    }
    table(
        &rules(Strategy::AlwaysMinor),
        &[("1.2.3", Patch, "1.3.0", "1.4.0"), ("1.2.3 1.3.0-rc.1", Patch, "", "1.3.0")],
    );
}

#[test]
fn prereleases() {
    table(
        &rules(Strategy::Prerelease),
        &[
            ("", Patch, "", "0.1.0-beta.1"),
            ("1.1.0", Minor, "", "1.2.0-beta.1"),
            ("1.1.0", Patch, "", "1.1.1-beta.1"),
            ("0.3.1", Major, "", "0.4.0-beta.1"),
            ("1.1.0 1.2.0-beta.1", Minor, "", "1.2.0-beta.2"),
            ("1.1.0 1.2.0-beta.9", Patch, "", "1.2.0-beta.10"),
            // The changes now ask for more than was announced.
            ("1.1.0 1.2.0-beta.2", Major, "", "2.0.0-beta.1"),
            ("1.1.0 1.1.1-beta.2", Minor, "", "1.2.0-beta.1"),
            ("1.1.0 2.0.0-beta.1", Major, "", "2.0.0-beta.2"),
            // Without a release nothing can break.
            ("0.1.0-beta.1", Major, "", "0.1.0-beta.2"),
            // Another type begins anew; a lower one needs a higher version.
            ("1.1.0 1.2.0-alpha.4", Patch, "", "1.2.0-beta.1"),
            ("1.1.0 1.2.0-rc.4", Patch, "", "1.2.1-beta.1"),
            ("1.1.0 1.2.0-beta", Patch, "", "1.2.0-beta.1"),
            ("1.1.0 1.2.0-beta.2.x", Patch, "", "1.2.0-beta.3"),
            ("1.1.0 1.2.0-beta.1 1.2.0", Patch, "", "1.2.1-beta.1"),
            ("1.1.0", Minor, "1.2.0-beta.1 1.2.0-beta.2", "1.2.0-beta.3"),
        ],
    );
    let bad = Rules { prerelease_type: "b c", ..rules(Strategy::Prerelease) };
    assert_eq!(
        after(&bad, "1.0.0", Patch, "").unwrap_err(),
        "`prerelease_type: b c` makes no version such as 1.2.0-beta.1 (unexpected character in pre-release identifier): use a word such as beta"
    );
    let initial = version("1.0.0-rc.1");
    let rules = Rules { initial: &initial, ..rules(Strategy::Prerelease) };
    assert_eq!(after(&rules, "", Patch, "").unwrap(), "1.0.0-rc.1");
}

#[test]
fn calver() {
    let with = |calver_format| Rules { calver_format, ..rules(Strategy::Calver) };
    table(
        &with("YYYY.MM.MICRO"),
        &[
            ("", Patch, "", "2026.11.0"),
            ("2026.10.4", Major, "", "2026.11.0"),
            ("2026.11.0", Patch, "", "2026.11.1"),
            ("2026.11.0", Minor, "2026.11.1", "2026.11.2"),
            ("3.1.0", Patch, "", "2026.11.0"),
            ("2026.12.3", Patch, "", "2026.12.4"),
            ("2026.11.0-beta.1", Patch, "", "2026.11.0"),
        ],
    );
    table(&with("YY.MM.MICRO"), &[("26.1.0", Patch, "", "26.11.0"), ("2026.1.0", Patch, "", "2026.1.1")]);
    table(
        &with("YYYY.MINOR.MICRO"),
        &[
            ("2026.3.1", Patch, "", "2026.3.2"),
            ("2026.3.1", Minor, "", "2026.4.0"),
            ("2026.3.1", Major, "", "2026.4.0"),
            ("2025.3.1", Minor, "", "2026.0.0"),
        ],
    );
    table(&with("YYYY.MM.MINOR"), &[("2026.11.1", Patch, "", "2026.11.2")]);
    table(&with("YYYY.WW.MICRO"), &[("2026.46.1", Patch, "", "2026.47.0")]);
    table(&with("YYYY.MM.DD"), &[("2026.11.20", Patch, "", "2026.11.21")]);
    assert_eq!(
        after(&with("YYYY.MM.DD"), "2026.11.21", Patch, "").unwrap_err(),
        "2026.11.21 is released already, and `calver_format: YYYY.MM.DD` has no other version before another day: \
         wait, or use a format with MICRO"
    );
    let new_year = Rules { today: jiff::civil::date(2027, 1, 1), ..with("YYYY.WW.MICRO") };
    assert_eq!(after(&new_year, "2026.52.0", Patch, "").unwrap(), "2026.53.0", "the week's own year");
}

#[test]
fn a_calendar_format_that_would_count_down_is_refused() {
    for (format, why) in [
        ("YYYY.0M.MICRO", "a semantic version has no zeros before its numbers"),
        ("YYYY.MM", "a version has three numbers"),
        ("YYYY.MM.DD.MICRO", "a version has three numbers"),
        ("YYYY-MM.DD.MICRO", "it has a part that is not known"),
        ("MM.YYYY.MICRO", "it does not begin with the year"),
        ("YYYY.YY.MICRO", "each part stands once, and the larger before the smaller"),
        ("YYYY.MICRO.MM", "each part stands once, and the larger before the smaller"),
        ("YYYY.MM.MM", "each part stands once, and the larger before the smaller"),
        ("YYYY.WW.DD", "a week stands instead of month and day"),
        ("YYYY.MM.WW", "a week stands instead of month and day"),
        ("YYYY.DD.MICRO", "a day needs its month"),
        ("", "it has a part that is not known"),
    ] {
        let told = Format::parse(format).unwrap_err();
        assert!(told.contains(why) && told.contains("such as YYYY.MM.MICRO"), "{format}: {told}");
    }
    for format in ["YYYY.MM.DD", "YY.MM.MICRO", "YYYY.MINOR.MICRO", "YYYY.WW.MICRO", "YYYY.MM.MINOR"] {
        assert!(Format::parse(format).is_ok(), "{format}");
    }
}

#[test]
fn versions_that_people_write() {
    for (text, wanted) in [
        ("1.2.0", Some("1.2.0")),
        (" v1.2.0\n", Some("1.2.0")),
        ("1.0.0-rc.1", Some("1.0.0-rc.1")),
        ("1.0.0-rc.1+x y", None),
        ("1.0.0-rc.1+x\ny", None),
        ("1.2", None),
        ("01.2.3", None),
        ("1.2.3 ../../x", None),
        ("{{version}}", None),
        ("", None),
        ("99999999999999999999.0.0", None),
    ] {
        assert_eq!(parse(text).ok().map(|it| it.to_string()).as_deref(), wanted, "{text}");
    }
    assert!(parse(&format!("1.0.0+{}", "a".repeat(200))).unwrap_err().contains("longer than 128"));
    let told = parse("1.0.0-rc.1+x y").unwrap_err();
    assert!(told.starts_with("`1.0.0-rc.1+x y` is no version such as 1.2.0"), "{told}");
}

#[test]
fn a_number_at_its_end_is_told() {
    let end = format!("{}.0.0", u64::MAX);
    let told = after(&rules(Strategy::Semver), &end, Major, "").unwrap_err();
    assert_eq!(told, format!("{end} cannot be counted up any further: remove its tag"));
    assert_eq!(Nothing.above(&version("1.0.0")), Some(version("1.0.0")));
}
