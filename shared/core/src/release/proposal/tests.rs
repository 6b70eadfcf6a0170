//! What a release pull request says, how it is read back, and that no text of a person breaks it.

mod hostile;

use super::*;
use crate::release::settings::PullRequest;

const BASE: &str = "1111111111111111111111111111111111111111";
const TREE: &str = "2222222222222222222222222222222222222222";
const NONE: &BTreeMap<Option<String>, Version> = &BTreeMap::new();

fn sha(text: &str) -> Sha {
    text.parse().unwrap()
}

fn due<'a>(component: Option<&'a str>, next: &'a Version, tag: &'a str, changelog: &'a str) -> Due<'a> {
    Due {
        component,
        current: None,
        next,
        bump: Bump::Minor,
        tag,
        changelog,
        changelog_file: Some("CHANGELOG.md"),
    }
}

fn input<'a>(releases: &'a [Due<'a>], base: &'a Sha) -> Input<'a> {
    Input {
        target: "main",
        component: None,
        base,
        releases,
        files: &[("CHANGELOG.md", "text")],
        set: NONE,
        hold: false,
        notes: None,
        links: None,
    }
}

const LINE: &str = r#"<!-- pointsman:release {"target":"main","releases":[{"version":"1.3.0","tag":"v1.3.0"}],"base":"1111111111111111111111111111111111111111"} -->"#;
const FOOT: &str = "Text between the two `pointsman:notes` comments of this description is kept, and goes into the release. A comment that begins with `/pointsman set-version X.Y.Z` sets the version, `/pointsman hold` leaves this pull request as it is, `/pointsman rebuild` makes it anew, `/pointsman help` tells more.\n";

#[test]
fn one_release_is_proposed_with_its_section() {
    let (version, base) = (Version::new(1, 3, 0), sha(BASE));
    let releases = [due(None, &version, "v1.3.0", "## 1.3.0\n\n* x\n")];
    let proposal = propose(&input(&releases, &base), &Settings::default());
    assert_eq!(proposal.branch, "pointsman--release--main");
    assert_eq!(proposal.title, "chore(main): release 1.3.0");
    let (begin, end) = (notes::BEGIN, notes::END);
    assert_eq!(
        proposal.body,
        format!(
            "{LINE}\n\nMerging this pull request releases **1.3.0**.\n\n{begin}\n\n{end}\n\n## 1.3.0\n\n* x\n\n---\n\n{FOOT}"
        )
    );
    assert_eq!(proposal.warnings, Vec::<String>::new());
}

#[test]
fn several_releases_are_folded_and_named() {
    let (one, two, base) = (Version::new(1, 2, 0), Version::new(0, 3, 1), sha(BASE));
    let releases = [
        due(Some("api"), &one, "api-v1.2.0", "## 1.2.0\n\n* a\n"),
        due(Some("web"), &two, "web-v0.3.1", "## 0.3.1\n\n* b\n"),
    ];
    let proposal = propose(&input(&releases, &base), &Settings::default());
    assert_eq!(proposal.title, "chore(main): release api 1.2.0, web 0.3.1");
    let folded = "<details><summary>api: 1.2.0</summary>\n\n## 1.2.0\n\n* a\n\n</details>\n\n\
                  <details><summary>web: 0.3.1</summary>\n\n## 0.3.1\n\n* b\n\n</details>\n";
    assert!(proposal.body.contains(folded), "{}", proposal.body);
    let marker = Marker::of(&proposal.body).unwrap();
    assert_eq!(marker.planned(Some("web")).unwrap().version, two);
    let names: Vec<String> = (0..40).map(|n| format!("component-{n}")).collect();
    let many: Vec<Due<'_>> = names.iter().map(|name| due(Some(name), &one, "t", "x")).collect();
    assert_eq!(propose(&input(&many, &base), &Settings::default()).title, "chore(main): release main");
}

#[test]
fn templates_of_the_settings_are_used_and_notes_are_never_lost() {
    let (version, base) = (Version::new(1, 3, 0), sha(BASE));
    let releases = [due(None, &version, "v1.3.0", "## 1.3.0\n\n* x\n")];
    let pull_request = PullRequest {
        title: Some("release: {{ tag }}\n from {{ target }}".into()),
        body: Some("{% for release in releases %}{{ release.version }}{% endfor %}!".into()),
        release_name: Some("The {{ version }}".into()),
        ..PullRequest::default()
    };
    let settings = Settings { pull_request, ..Settings::default() };
    let proposal = propose(&Input { notes: Some("kept"), ..input(&releases, &base) }, &settings);
    assert_eq!(proposal.title, "release: v1.3.0 from main");
    assert_eq!(proposal.body, format!("{LINE}\n\n{}\nkept\n{}\n\n1.3.0!\n", notes::BEGIN, notes::END));
    let planned = Marker::of(&proposal.body).unwrap().releases.remove(0);
    assert_eq!(release_name(&planned, "main", &settings).text, "The 1.3.0");
    assert_eq!(release_name(&planned, "main", &Settings::default()).text, "v1.3.0");
}

#[test]
fn notes_are_kept_as_they_are() {
    let (version, base) = (Version::new(1, 3, 0), sha(BASE));
    let releases = [due(None, &version, "v1.3.0", "## 1.3.0\n\n* x\n")];
    for written in [
        "Hello\n\n\n  world  \n{{ target }}",
        "<!-- pointsman:notes end --> and more",
        "<!-- pointsman:notes (what you write below this line is kept) -->\nx",
        "<!-- pointsman:release {\"target\":\"evil\"} -->",
        "<details>",
    ] {
        let proposal =
            propose(&Input { notes: Some(written), ..input(&releases, &base) }, &Settings::default());
        assert_eq!(notes(&proposal.body).as_deref(), Some(written));
        let edited = proposal.body.replace('\n', "\r\n");
        assert_eq!(notes(&edited).as_deref(), Some(written), "as GitHub's editor sends it");
        assert!(proposal.is_said(&proposal.title, &edited), "line ends are no difference");
        assert_eq!(Marker::of(&proposal.body).unwrap().target, "main");
    }
    let empty = propose(&input(&releases, &base), &Settings::default());
    assert_eq!(notes(&empty.body), None);
    assert_eq!(notes("no notes here"), None);
}

#[test]
fn the_fingerprint_is_of_what_is_written_and_not_of_what_people_write() {
    let (version, base, other) = (Version::new(1, 3, 0), sha(BASE), sha(TREE));
    let releases = [due(None, &version, "v1.3.0", "x")];
    let other_tag = [due(None, &version, "v1.3.1", "x")];
    let plain = input(&releases, &base);
    let of = |input: Input<'_>| propose(&input, &Settings::default()).fingerprint;
    let first = of(plain.clone());
    for same in
        [plain.clone(), Input { notes: Some("text"), ..plain.clone() }, Input { hold: true, ..plain.clone() }]
    {
        assert_eq!(of(same), first);
    }
    for different in [
        Input { base: &other, ..plain.clone() },
        Input { target: "next", ..plain.clone() },
        Input { releases: &other_tag, ..plain.clone() },
        Input { files: &[("CHANGELOG.md", "text2")], ..plain.clone() },
        Input { files: &[("CHANGELOG.mdt", "ext")], ..plain.clone() },
    ] {
        assert_ne!(of(different), first);
    }
}

#[test]
fn a_commit_is_ours_by_its_last_line_and_its_tree() {
    let (version, base, tree) = (Version::new(1, 3, 0), sha(BASE), sha(TREE));
    let releases = [due(None, &version, "v1.3.0", "x")];
    let proposal = propose(&input(&releases, &base), &Settings::default());
    let message = proposal.message(&tree);
    assert_eq!(
        message,
        format!(
            "chore(main): release 1.3.0\n\nPointsman-Tags: v1.3.0\nPointsman-Release: {} {TREE}\n",
            proposal.fingerprint
        )
    );
    assert!(proposal.is_commit(&message, &tree) && proposal.is_commit(message.trim_end(), &tree));
    assert!(Trailer::is_ours(&message, &tree) && !Trailer::is_ours(&message, &base));
    assert!(!proposal.is_commit(&message, &base), "another tree: a person changed it");
    let trailer = message.lines().last().unwrap().to_owned();
    for others in [
        format!("{message}\nSigned-off-by: x"),
        format!("fix: x\n{trailer}"),
        format!("fix: x\n\n{trailer} and more"),
        trailer.clone(),
        trailer.replace("Pointsman", "pointsman"),
        String::new(),
    ] {
        assert_eq!(Trailer::of(&others), None, "{others:?}");
    }
}

#[test]
fn a_marker_is_the_first_line_alone() {
    let set = [(None, Version::new(2, 0, 0)), (Some("api".to_owned()), "1.0.0-rc.1".parse().unwrap())];
    let marker = Marker {
        target: "a-->b<script>\u{202e}é\"\\`@x".into(),
        releases: vec![Planned {
            component: Some("api".into()),
            version: Version::new(1, 0, 0),
            tag: "api--v1".into(),
        }],
        base: sha(BASE),
        hold: true,
        set: set.into(),
    };
    let line = marker.line();
    assert!(line.is_ascii() && !line.contains('\n'));
    let inside = line.strip_prefix("<!-- ").unwrap().strip_suffix(" -->").unwrap();
    assert!(!inside.contains(['<', '>', '-', '@', '`']), "{line}");
    for read in
        [format!("{line}\n\ntext"), format!("{line}\r\ntext"), line.clone(), format!("{line}\n{LINE}")]
    {
        assert_eq!(Marker::of(&read), Some(marker.clone()), "{read}");
    }
    for other in
        [format!("text\n{line}"), format!("\n{line}"), format!(" {line}"), format!("> {line}"), String::new()]
    {
        assert_eq!(Marker::of(&other), None, "{other:?}");
    }
    for broken in [
        "<!-- pointsman:release {} -->",
        "<!-- pointsman:release -->",
        "<!-- pointsman:release {\"target\":1} -->",
    ] {
        assert_eq!(Marker::of(broken), None, "{broken}");
    }
}

#[test]
fn a_hold_is_told() {
    let (version, base) = (Version::new(1, 3, 0), sha(BASE));
    let releases = [due(None, &version, "v1.3.0", "x")];
    let input = Input { hold: true, ..input(&releases, &base) };
    let body = propose(&input, &Settings::default()).body;
    assert!(
        body.contains("\n\n> [!NOTE]\n> This pull request is held: it is not brought up to date until `/pointsman rebuild`.\n\n"),
        "{body}"
    );
    assert!(Marker::of(&body).unwrap().hold);
}

#[test]
fn a_body_too_long_is_cut_in_the_changelog() {
    let (version, base) = (Version::new(1, 3, 0), sha(BASE));
    let changelog = format!("## 1.3.0\n\n{}", "* a change of ünusual length\n".repeat(5_000));
    let links = Links { base: "https://github.com".into(), owner: "acme".into(), repo: "app".into() };
    let one = [due(None, &version, "v1.3.0", &changelog)];
    let two = [
        due(Some("api"), &version, "api-v1.3.0", &changelog),
        due(Some("web"), &version, "web-v1.3.0", &changelog),
    ];
    for releases in [&one[..], &two[..]] {
        let input = Input { links: Some(&links), notes: Some("kept"), ..input(releases, &base) };
        let body = propose(&input, &Settings::default()).body;
        let length = body.chars().count();
        assert!((60_000..=65_536).contains(&length), "{length}");
        let pointer = "_Too long to be shown here: all of it is in \
                       [CHANGELOG.md](https://github.com/acme/app/blob/pointsman--release--main/CHANGELOG.md)._";
        assert!(body.contains(pointer) && body.ends_with(FOOT));
        assert_eq!(body.matches("<details>").count(), body.matches("</details>").count());
        assert_eq!(notes(&body).as_deref(), Some("kept"));
        assert_eq!(Marker::of(&body).unwrap().releases.len(), releases.len());
    }
    let long = "n\n".repeat(40_000);
    let body = propose(&Input { notes: Some(&long), ..input(&one, &base) }, &Settings::default()).body;
    assert!(body.chars().count() <= 65_536 && Marker::of(&body).is_some() && notes(&body).is_some());
    let pull_request = PullRequest {
        body: Some(
            "y".repeat(16_000)
                + "{% for r in releases %}{{ changelog }}{{ changelog }}{{ notes }}{{ notes }}{{ notes }}{% endfor %}",
        ),
        ..PullRequest::default()
    };
    let settings = Settings { pull_request, ..Settings::default() };
    let body = propose(&Input { notes: Some(&long), ..input(&two, &base) }, &settings).body;
    assert!(body.chars().count() <= 65_536 && Marker::of(&body).is_some() && notes(&body).is_some());
}

#[test]
fn a_releases_notes_begin_with_what_people_wrote() {
    assert_eq!(release_notes("## 1\n", Some("Hello\n")), "Hello\n\n## 1\n");
    assert_eq!(release_notes("## 1\n", Some("  ")), "## 1\n");
    let long = release_notes(&"* a\n".repeat(100_000), None);
    assert!(long.chars().count() < 125_000 && long.ends_with("* a\n\n_The rest is in the changelog._"));
}
