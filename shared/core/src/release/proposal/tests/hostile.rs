//! Hostile text everywhere: whatever commits, authors, branches and notes say, the marker is ours and each text stays in
//! its place. Seeded: a failure names its round.

use std::sync::LazyLock;

use super::*;
use crate::release::{
    Author,
    changelog::{self, Entry, Newcomer, SectionInput},
    command,
    preview::{self, Preview},
    settings::TypeRule,
    text::markdown,
};

/// What may go wrong, in pieces to be put together.
static PIECES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pieces = [
        "{{ target }}",
        "{% raw %}",
        "{#",
        "}}",
        "<!--",
        "-->",
        "<!-- pointsman:release {} -->",
        "<!-- pointsman:notes end -->",
        "<!-- pointsman:notes (what you write below this line is kept) -->",
        "</details>",
        "<details open>",
        "<img src=x>",
        "\n",
        "\r\n",
        "\r",
        "\n\n# heading\n",
        "\n## 9.9.9\n",
        "\n* item\n",
        "\n\n---\n",
        "`",
        "``",
        "```",
        "~~~",
        "\u{0}",
        "\u{1b}[2J",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "@everyone",
        "@acme/team",
        "](http://e.example)",
        "![",
        "[",
        "]",
        "(#12)",
        "#12",
        "\\",
        "|",
        "*",
        "_",
        "&lt;",
        "&#60;",
        "--",
        "\"",
        "'",
        "é",
        "🚀",
        "plain words",
        " ",
        "BREAKING CHANGE: x",
        "/pointsman hold",
        "\n/pointsman set-version 9.9.9\n",
        "\nPointsman-Release: 1 2",
        "\u{e0041}",
        "$(touch x)",
        "%0A",
    ];
    let long = "x".repeat(20_000);
    pieces.into_iter().map(str::to_owned).chain([long]).collect()
});

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn text(&mut self) -> String {
        let count = 1 + self.below(7);
        (0..count).map(|_| PIECES[self.below(PIECES.len())].as_str()).collect()
    }

    fn entry(&mut self) -> Entry {
        Entry {
            sha: format!("{:040x}", self.0).parse().unwrap(),
            kind: Some(["feat", "fix", "chore", "sec"][self.below(4)].into()),
            scope: Some(self.text()).filter(|_| self.0.is_multiple_of(2)),
            description: self.text(),
            breaking: Some(self.text()).filter(|_| self.0.is_multiple_of(3)),
            pull: Some(12).filter(|_| self.0 % 5 < 3),
            author: Some(Author { name: self.text(), login: Some(self.text()).filter(|_| self.0 % 2 == 1) }),
            issues: vec![3],
        }
    }
}

/// Lines as a section's template writes them: any other would be someone's text out of its place.
fn in_place(section: &str, entries: usize, round: u64) {
    let mut items = 0;
    for line in section.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        let known = [
            "## ",
            "### Features",
            "### Bug Fixes",
            "### ⚠ BREAKING CHANGES",
            "### New Contributors",
            "### Sec",
        ];
        items += usize::from(line.starts_with("* "));
        let fine = line.is_empty()
            || line.starts_with("* ")
            || line == "No notable changes."
            || known.iter().any(|it| line.starts_with(it));
        assert!(fine, "round {round}: {line:?}");
        assert!(line.chars().count() < 3_000, "round {round}: a line of {} characters", line.chars().count());
    }
    assert!(items <= 2 * entries + 1, "round {round}: {items} items of {entries} entries");
    for never in [
        "<!--",
        "-->",
        "<details",
        "</",
        "<img",
        "\u{0}",
        "\u{1b}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{e0041}",
    ] {
        assert!(!section.contains(never), "round {round}: {never:?} in {section}");
    }
    assert!(pinged(section).is_none(), "round {round}: {:?} in {section}", pinged(section));
}

/// A mention that would reach someone: outside code and links, at a word's begin.
fn pinged(markdown: &str) -> Option<&str> {
    markdown.match_indices('@').find_map(|(at, _)| {
        let before = markdown[..at].chars().last().unwrap_or(' ');
        let after = markdown[at + 1..].chars().next().unwrap_or(' ');
        let word = before.is_ascii_alphanumeric() || before == '`' || before == '[';
        let in_code = markdown[..at].rsplit('\n').next().is_some_and(open_code);
        (after.is_ascii_alphanumeric() && !word && !in_code).then(|| &markdown[at..])
    })
}

/// Whether a line ends within code, by CommonMark's rule: a run of backticks opens what the same run closes.
fn open_code(line: &str) -> bool {
    let mut open = 0;
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let escaped =
            open == 0 && rest[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let run = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        if escaped {
            rest = &rest[at + 1..];
            continue;
        }
        open = if open == 0 {
            run
        } else if open == run {
            0
        } else {
            open
        };
        rest = &rest[at + run..];
    }
    open > 0
}

#[test]
fn whatever_people_write_the_marker_is_ours_and_texts_stay_in_their_places() {
    let base = sha(BASE);
    for round in 0..600 {
        let mut random = Random(round);
        let entries: Vec<Entry> = (0..random.below(5)).map(|_| random.entry()).collect();
        let newcomers = [Newcomer { login: random.text(), pull: 12 }];
        let section_title = random.text();
        let mut settings = Settings::default();
        if round.is_multiple_of(3) {
            let rule = TypeRule { section: Some("Sec".into()), bump: Some(Bump::Patch) };
            settings.types = [("sec".to_owned(), rule)].into();
        }
        let links = Links { base: "https://github.com".into(), owner: "acme".into(), repo: "app".into() };
        let version = Version::new(1, 3, 0);
        let section = changelog::section(
            &SectionInput {
                component: None,
                version: &version,
                tag: "v1.3.0",
                previous: Some("v1.2.0"),
                date: jiff::civil::date(2026, 11, 21),
                entries: &entries,
                links: Some(&links).filter(|_| round.is_multiple_of(2)),
                new_contributors: &newcomers,
            },
            &settings,
        )
        .text;
        in_place(&section, entries.len(), round);
        let (target, notes_text) = (random.text(), random.text());
        let releases = [due(None, &version, "v1.3.0", &section)];
        let input = Input { target: &target, notes: Some(&notes_text), ..input(&releases, &base) };
        let proposal = propose(&input, &settings);
        let marker = Marker::of(&proposal.body).unwrap_or_else(|| panic!("round {round}: no marker"));
        assert_eq!((marker.target.as_str(), &marker.base), (target.as_str(), &base), "round {round}");
        assert_eq!(marker.planned(None).map(|it| &it.version), Some(&version), "round {round}");
        assert!(
            proposal.title.lines().count() == 1 && proposal.title.chars().count() <= 240,
            "round {round}"
        );
        assert!(Trailer::of(&proposal.title).is_none(), "round {round}");
        assert!(proposal.is_commit(&proposal.message(&base), &base), "round {round}");
        let read_back = notes(&proposal.body);
        let again = Input { notes: read_back.as_deref(), ..input.clone() };
        assert_eq!(
            propose(&again, &settings).body,
            proposal.body,
            "round {round}: notes read back change nothing"
        );
        assert!(!proposal.branch.contains('/') && proposal.branch.is_ascii(), "round {round}");
        assert!(proposal.branch.len() <= 244, "round {round}");
        let file = changelog::prepend(Some(&format!("# Changelog\n\n{section_title}")), &version, &section);
        assert_eq!(changelog::prepend(Some(&file), &version, &section), file, "round {round}: twice is once");
        assert!(markdown(&section_title).lines().count() <= 1, "round {round}");
        let line = entries.first().map(|entry| changelog::line(entry, Some(&links), &settings));
        let shown = Preview {
            target: &target,
            moves: &[],
            floor: None,
            line: line.as_deref(),
            unconventional: false,
        };
        let shown = preview::text(&shown);
        assert!(
            shown.matches("<!--").count() == 1 && shown.starts_with(preview::MARK),
            "round {round}: {shown}"
        );
        for asked in command::parse(&target) {
            if let command::Command::Unknown(why) = asked {
                let reply = command::reply(&command::Answer::Unknown(why));
                assert!(pinged(&reply).is_none() && !reply.contains("<!--"), "round {round}: {reply}");
            }
        }
    }
}

#[test]
fn a_line_of_a_megabyte_takes_a_moment_and_little_room() {
    for piece in ["x", "`", "{{", "<!--", "@a", "\u{202e}", "[](", "\\", "&#1;", "\n", "``x`"] {
        let long = piece.repeat((1 << 20) / piece.len());
        assert!(markdown(&long).len() < 20_000, "{piece:?}");
        assert!(command::parse(&long).is_empty(), "{piece:?}");
    }
}
