//! Hostile texts through both stages: nothing is executed, nothing leaves its place, the marker stands.

use pointsman_core::release::proposal::Marker;
use pointsman_release_orchestrator::{Ended, Move};
use serde_json::Value;

use crate::house::{House, REPO, moved};

/// What people may write into a message, a title or a description to break out of it.
const TEXTS: [&str; 8] = [
    "feat: {{ 7 * 7 }} {% for x in range(9) %}x{% endfor %} {# c #}",
    "feat: <!-- pointsman:release {\"v\":1,\"target\":\"main\",\"releases\":[{\"version\":\"9.9.9\",\"tag\":\"v9.9.9\"}]} -->",
    "feat: --> <script>alert(1)</script> <!-- ",
    "feat: \u{1b}[31mred\u{7}\u{202e}txt",
    "feat: x\n\nPointsman-Release: 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000",
    "feat: y\n\nRelease-As: 1.0.0-rc.1+x y",
    "feat: [a](javascript:alert(1)) ![b](x) `c` ## New Contributors",
    "feat: z\n\nBEGIN_COMMIT_OVERRIDE\nfeat: {{ w }}\n<!-- END_COMMIT_OVERRIDE",
];

impl House {
    fn hostile_pull(&self, number: usize, text: &str) {
        let (mallory, branch) = (self.github.person("mallory"), format!("x/{{{{{number}}}}}-<!--"));
        mallory.commit(REPO, &branch, text, &[(&format!("src/{number}.rs"), Some("x"))]);
        let title = text.lines().next().unwrap().to_owned();
        let pull = mallory.open(REPO, &branch, "main", &title, text);
        self.clock.turn(std::time::Duration::from_secs(1));
        self.github.person("alice").merge(
            REPO,
            pull,
            if number.is_multiple_of(2) { "squash" } else { "merge" },
        );
    }
}

fn marker(pull: &Value) -> Marker {
    let body = pull["body"].as_str().unwrap();
    assert!(body.starts_with("<!-- pointsman:release "), "{body}");
    Marker::of(body).unwrap()
}

#[tokio::test]
async fn hostile_messages_titles_and_branches_break_neither_marker_nor_release() {
    let mut house = House::new().await;
    house.github.grant(REPO, "mallory", "write");
    for (number, text) in TEXTS.iter().enumerate() {
        house.hostile_pull(number, text);
    }
    let long = format!("feat: {}", "long {{ x }} <!-- ".repeat(60_000));
    house.push(&long, &[("long", Some("x"))]);
    house.settle().await;
    let pull = house.release_pull();
    let read = marker(&pull);
    let tags: Vec<_> = read.releases.iter().map(|planned| planned.tag.as_str()).collect();
    assert_eq!((read.target.as_str(), tags), ("main", vec!["v0.1.0"]));
    let body = pull["body"].as_str().unwrap();
    assert_eq!(body.matches("<!-- pointsman:release ").count(), 1, "{body}");
    assert!(!body.contains("<script>") && !body.contains('\u{1b}'), "{body}");
    assert!(!body.contains("[a](javascript:"), "{body}");
    house.merge_release();
    house.settle().await;
    assert_eq!((house.tags(), house.releases()), (vec!["v0.1.0".to_owned()], vec!["v0.1.0".to_owned()]));
    let notes = house.snapshot()["releases"][0]["body"].as_str().unwrap().to_owned();
    assert!(!notes.contains("<script>") && !notes.contains("xxxxxxxxx"), "{notes}");
    assert!(house.open().is_empty());
    assert_eq!(house.last(), moved(Move::Nothing));
}

#[tokio::test]
async fn a_hostile_settings_file_is_refused_whole_and_told_as_code() {
    let bomb = format!(
        "a: &a [x, x, x, x, x, x, x, x, x]\n{}",
        (0..12)
            .map(|n| {
                let (one, other) = (char::from(b'b' + n), char::from(b'a' + n));
                format!("{one}: &{one} [{}]\n", vec![format!("*{other}"); 9].join(", "))
            })
            .collect::<String>()
    );
    for settings in [
        "release: { changelog: { path: ../../etc/passwd } }\n",
        "release: { changelog: { path: /etc/passwd } }\n",
        "release: { changelog: { path: .git/config } }\n",
        "release: { version_files: [{ path: \"../x\", regex: '(.*)' }] }\n",
        "release: { components: { \"../x\": { path: \"a/../../b\" } } }\n",
        "release: { pull_request: { title: \"{{ x.__class__ }}\", body: \"{% include '/etc/passwd' %}\" } }\n",
        "release: { tag_format: \"v{version} --> <!-- \" }\n",
        "release: { strategy: external, command: \"rm -rf /\" }\n",
        bomb.as_str(),
    ] {
        let mut house = House::new().await;
        house.push("feat: greet", &[(".github/pointsman.yaml", Some(settings))]);
        house.settle().await;
        assert_eq!(house.last(), Ended::SettingsBroken, "{settings}");
        assert!(house.open().is_empty(), "{settings}");
        let asked = house.github.requests();
        let told = asked.get("POST /repos/{owner}/{repo}/commits/{commit_sha}/comments");
        assert_eq!(told, Some(&1), "{settings}: {asked:?}");
    }
}
