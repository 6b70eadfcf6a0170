//! What a section says, and where it goes in files of all shapes.

mod files;

use super::*;
use crate::release::{Settings, settings::Changelog};

fn entry(kind: &str, scope: Option<&str>, description: &str, number: u64) -> Entry {
    Entry {
        sha: format!("{number:040x}").parse().unwrap(),
        kind: Some(kind.into()),
        scope: scope.map(str::to_owned),
        description: description.into(),
        breaking: None,
        pull: None,
        author: None,
        issues: Vec::new(),
    }
}

fn author(login: &str) -> Option<Author> {
    Some(Author { name: "A Name".into(), login: Some(login.into()) })
}

fn links() -> Links {
    Links { base: "https://github.com".into(), owner: "acme".into(), repo: "app".into() }
}

fn told(
    entries: &[Entry],
    links: Option<&Links>,
    new_contributors: &[Newcomer],
    settings: &Settings,
) -> String {
    let input = SectionInput {
        component: None,
        version: &Version::new(1, 3, 0),
        tag: "v1.3.0",
        previous: Some("v1.2.0"),
        date: jiff::civil::date(2026, 11, 21),
        entries,
        links,
        new_contributors,
    };
    let rendered = section(&input, settings);
    assert_eq!(rendered.warning, None);
    rendered.text
}

#[test]
fn a_section_tells_breaking_changes_first_and_the_rest_by_sections() {
    let entries = [
        entry("fix", Some("web"), "do not crash (#12)", 1),
        Entry { pull: Some(13), author: author("octocat"), ..entry("feat", None, "add x (#13)", 2) },
        Entry {
            breaking: Some("the old\nendpoint is gone".into()),
            issues: vec![7, 5, 7],
            author: author("renovate[bot]"),
            ..entry("feat", Some("api"), "a new endpoint", 3)
        },
        entry("chore", None, "tidy", 4),
        entry("fix", Some("api"), "answer", 5),
        Entry { breaking: Some("drop `y`".into()), ..entry("refactor", None, "drop `y`", 6) },
        Entry { kind: None, ..entry("", None, "whatever", 7) },
    ];
    let newcomer = Newcomer { login: "octocat".into(), pull: 13 };
    let c = |n: u64| format!("[{:.7}](https://github.com/acme/app/commit/{n:040x})", format!("{n:040x}"));
    let expected = format!(
        "## [1.3.0](https://github.com/acme/app/compare/v1.2.0...v1.3.0) (2026-11-21)

### ⚠ BREAKING CHANGES

* drop `y` ({six})
* **api:** the old endpoint is gone ({three}) by [@renovate[bot]](https://github.com/apps/renovate), closes [#5](https://github.com/acme/app/issues/5), [#7](https://github.com/acme/app/issues/7)

### Features

* add x ([#13](https://github.com/acme/app/issues/13)) ({two}) by [@octocat](https://github.com/octocat)
* **api:** a new endpoint ({three}) by [@renovate[bot]](https://github.com/apps/renovate), closes [#5](https://github.com/acme/app/issues/5), [#7](https://github.com/acme/app/issues/7)

### Bug Fixes

* **api:** answer ({five})
* **web:** do not crash (#12) ({one})

### New Contributors

* [@octocat](https://github.com/octocat) made their first contribution in [#13](https://github.com/acme/app/issues/13)
",
        one = c(1),
        two = c(2),
        three = c(3),
        five = c(5),
        six = c(6),
    );
    assert_eq!(told(&entries, Some(&links()), &[newcomer], &Settings::default()), expected);
}

#[test]
fn without_links_nothing_is_linked() {
    let entries = [
        Entry {
            pull: Some(13),
            author: author("octocat"),
            issues: vec![5],
            ..entry("feat", None, "add x (#13)", 2)
        },
        Entry {
            author: Some(Author { name: "A <b> Name".into(), login: None }),
            ..entry("fix", None, "y", 3)
        },
    ];
    let newcomer = Newcomer { login: "octo\ncat".into(), pull: 13 };
    assert_eq!(
        told(&entries, None, &[newcomer], &Settings::default()),
        "## 1.3.0 (2026-11-21)\n\n### Features\n\n* add x (#13) (0000000) by octocat, closes #5\n\n\
         ### Bug Fixes\n\n* y (0000000) by A &lt;b&gt; Name\n\n\
         ### New Contributors\n\n* octocat made their first contribution in #13\n"
    );
}

#[test]
fn authors_and_newcomers_can_be_left_out() {
    let changelog = Changelog { authors: false, new_contributors: false, ..Changelog::default() };
    let settings = Settings { changelog, ..Settings::default() };
    let entries = [Entry { author: author("octocat"), ..entry("feat", None, "x", 2) }];
    let newcomer = Newcomer { login: "octocat".into(), pull: 13 };
    assert!(!told(&entries, None, &[newcomer], &settings).contains("octocat"));
}

#[test]
fn a_section_without_entries_says_so() {
    assert_eq!(told(&[], None, &[], &Settings::default()), "## 1.3.0 (2026-11-21)\n\nNo notable changes.\n");
}

#[test]
fn a_template_of_the_settings_has_all_parts() {
    let template = "# {{ version }} of {{ date }}, {{ tag }} after {{ previous_tag }}\n{% for s in sections %}{% for e in s.entries %}\n- {{ e.type }}/{{ e.scope }}/{{ e.description }}/{{ e.short_sha }}/{{ e.author }}/{{ e.author_url }}{% for i in e.issues %}/{{ i.number }}{% endfor %}\n{% endfor %}{% endfor %}";
    let changelog = Changelog { template: Some(template.into()), ..Changelog::default() };
    let settings = Settings { changelog, ..Settings::default() };
    let entries = [Entry { author: author("octocat"), issues: vec![5], ..entry("feat", Some("a"), "x", 2) }];
    assert_eq!(
        told(&entries, Some(&links()), &[], &settings),
        "# 1.3.0 of 2026-11-21, v1.3.0 after v1.2.0\n- feat/a/x/0000000/octocat/https://github.com/octocat/5\n"
    );
}

#[test]
fn a_link_cannot_be_broken_by_names() {
    let odd = Links { base: "https://ghe.example/".into(), owner: "a)b".into(), repo: "c d".into() };
    assert_eq!(
        odd.compare(Some("api/v1)"), "api/v2+b"),
        "https://ghe.example/a%29b/c%20d/compare/api/v1%29...api/v2+b"
    );
    assert_eq!(odd.compare(None, "v1"), "https://ghe.example/a%29b/c%20d/commits/v1");
    assert_eq!(odd.account("a(b"), "https://ghe.example/a%28b");
}

#[test]
fn ten_thousand_entries_are_told_within_a_moment() {
    let entries: Vec<_> = (0..10_000)
        .map(|n| Entry { pull: Some(n), author: author("octocat"), ..entry("feat", None, "add a thing", n) })
        .collect();
    let text = told(&entries[..4_000], Some(&links()), &[], &Settings::default());
    assert_eq!(text.lines().filter(|line| line.starts_with("* ")).count(), 4_000);
    let input = SectionInput {
        component: None,
        version: &Version::new(1, 3, 0),
        tag: "v1.3.0",
        previous: None,
        date: jiff::civil::date(2026, 11, 21),
        entries: &entries,
        links: Some(&links()),
        new_contributors: &[],
    };
    let all = section(&input, &Settings::default()).text;
    assert_eq!(all.lines().filter(|line| line.starts_with("* ")).count(), 10_000, "{:.300}", all);
}
