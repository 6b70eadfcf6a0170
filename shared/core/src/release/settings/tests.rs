//! What is refused, how it is told, and how layers become the settings in force.

mod cases;

use super::*;
use crate::release::Bump;

const GOOD: &str = r###"
release:
  strategy: semver
  initial_version: 1.0.0
  tag_format: "{component}-v{version}"
  types:
    sec: { section: Security, bump: patch }
    docs: { section: Documentation }
  components:
    api: { path: services/api, exclude: [services/api/docs], group: core }
    web: { path: web, group: core, version_files: [{ path: package.json }, { path: a.txt, regex: 'version=([0-9.]+)' }] }
  version_files: [{ path: deploy/app.yaml, pointer: $.app.version }]
  changelog: { path: docs/CHANGES.md, authors: false, template: "## {{ heading }}" }
  pull_request:
    title: "chore: release {{ versions }}"
    body: "{{ notes }}{% for release in releases %}{{ release.changelog }}{% endfor %}"
    labels: ["release: pending", autorelease]
    separate: true
  targets: [{ branch: main }, { branch: "release/*", strategy: always_patch }]
locked: [release.strategy, release.types.sec, release.changelog.path]
"###;

fn good(text: &str) -> Checked {
    read(text, "settings.yaml").unwrap_or_else(|faults| panic!("{faults}"))
}

fn told(text: &str) -> String {
    read(text, "s.yaml").map_or_else(|faults| faults.to_string(), |_| "no fault".into())
}

#[test]
fn every_fault_is_told_with_its_place() {
    for (rule, text, faults) in cases::CASES {
        if told(text) != *faults {
            println!("=={rule}\n{}", told(text));
        }
    }
}

#[test]
fn a_good_file_is_what_it_says() {
    let Checked { settings, layer, warnings } = good(GOOD);
    assert_eq!(warnings, []);
    assert_eq!(settings.rule("sec").bump, Bump::Patch);
    assert_eq!(settings.components["web"].version_files.as_ref().unwrap().len(), 2);
    assert_eq!(settings.changelog.path, ChangelogPath::Path("docs/CHANGES.md".into()));
    assert!(settings.pull_request.separate && !settings.pull_request.draft);
    assert_eq!(resolve(&[layer]).unwrap(), settings, "one layer alone is what it says");
}

#[test]
fn nothing_said_is_the_defaults() {
    for text in ["", "# nothing\n", "release: {}", "{}", "locked: []"] {
        assert_eq!(good(text).settings, Settings::default(), "{text:?}");
    }
    assert_eq!(resolve(&[]).unwrap(), Settings::default());
}

#[test]
fn a_bomb_is_refused_before_it_grows() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nrelease: { tag_format: *b }\n";
    assert!(told(bomb).contains("anchors (`&name`) are not taken"), "{}", told(bomb));
    let long = format!("release: {{ tag_format: \"{}\" }}", "x".repeat(LONGEST));
    assert_eq!(told(&long), "s.yaml:1:1: the file is longer than 262144 bytes");
    let deep = format!("release: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(told(&deep).contains("this is not YAML: recursion limit exceeded"), "{}", told(&deep));
}

#[test]
fn no_value_of_a_secret_kind_is_taken_a_settings_file_names_no_command_and_no_url() {
    let schema = schema().to_string();
    for word in ["\"command\"", "\"url\"", "\"script\"", "\"secret\"", "\"token\""] {
        assert!(!schema.contains(word), "{word}");
    }
}

fn layer(text: &str, origin: &str) -> Layer {
    read(text, origin).unwrap_or_else(|faults| panic!("{faults}")).layer
}

#[test]
fn layers_are_merged_field_by_field() {
    let central = "release: { strategy: calver, types: { sec: { section: Security, bump: patch } }, pull_request: { draft: true, labels: [a, b] }, components: { api: { path: api, group: core } } }";
    let own = "release: { types: { ops: { section: Operations } }, pull_request: { labels: [c] }, components: { web: { path: web } }, changelog: { authors: false } }";
    let settings = resolve(&[layer(central, "central"), layer(own, "own")]).unwrap();
    assert_eq!(settings.strategy, Strategy::Calver);
    assert_eq!(settings.types.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["sec", "ops"]);
    assert!(settings.pull_request.draft);
    assert_eq!(settings.pull_request.labels, ["c"], "a list is replaced");
    assert_eq!(settings.components.keys().collect::<Vec<_>>(), ["api", "web"]);
    assert_eq!(settings.changelog, Changelog { authors: false, ..Changelog::default() });
}

#[test]
fn what_is_locked_above_stays() {
    let central = "release: { strategy: semver, types: { feat: { section: New, bump: minor } }, changelog: { path: A.md } }\nlocked: [release.strategy, release.types.feat, release.changelog]";
    let organisation = "release: { tag_format: \"r{version}\" }\nlocked: [release.tag_format]";
    let own = "release:\n  strategy: calver\n  tag_format: v{version}\n  types:\n    feat: { bump: major }\n  changelog:\n    authors: false\n";
    let layers = [layer(central, "central.yaml"), layer(organisation, "acme.yaml"), layer(own, "own.yaml")];
    let hint = "    remove it here, or ask those who keep that file";
    assert_eq!(
        resolve(&layers).unwrap_err().to_string(),
        format!(
            "own.yaml:2:3: release.strategy: `release.strategy` is locked by central.yaml\n{hint}\n\
             own.yaml:3:3: release.tag_format: `release.tag_format` is locked by acme.yaml\n{hint}\n\
             own.yaml:5:5: release.types.feat: `release.types.feat` is locked by central.yaml\n{hint}\n\
             own.yaml:6:3: release.changelog: `release.changelog` is locked by central.yaml\n{hint}"
        )
    );
    let same = "release: { strategy: semver, types: { feat: { section: New, bump: minor } }, draft: x }";
    assert!(read(same, "x").is_err());
    let same = "release: { strategy: semver, types: { feat: { section: New, bump: minor } } }";
    assert!(
        resolve(&[layer(central, "central.yaml"), layer(same, "own.yaml")]).is_ok(),
        "the same is no change"
    );
    let unset = "release: { prerelease_type: rc }";
    let locks = "locked: [release.prerelease_type]";
    assert!(
        resolve(&[layer(locks, "central.yaml"), layer(unset, "own.yaml")]).is_err(),
        "a default can be locked"
    );
}

#[test]
fn what_does_not_fit_together_across_layers_is_told_where_it_comes_from() {
    let central = "release:\n  components:\n    api: { path: api, tag_format: \"v{version}\" }\n";
    let own = "release:\n  components:\n    web: { path: web, tag_format: \"v{version}\" }\n";
    let hint = "    put `{component}` into `tag_format`, or give each component its own";
    assert_eq!(
        resolve(&[layer(central, "central.yaml"), layer(own, "own.yaml")]).unwrap_err().to_string(),
        format!(
            "own.yaml:3:35: release.components.web.tag_format: tags of `web` and of `api` could not be told apart\n{hint}"
        )
    );
    assert_eq!(
        resolve(&[layer(own, "central.yaml"), layer(central, "own.yaml")]).unwrap_err().to_string(),
        format!(
            "own.yaml:1:1: release.components.web.tag_format: tags of `web` and of `api` could not be told apart (as \
             central.yaml has it at 3:35)\n{hint}"
        )
    );
}
