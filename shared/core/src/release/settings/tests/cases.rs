//! Bad settings files and exactly what is told of them: (rule, file, faults).

pub const CASES: &[(&str, &str, &str)] = &[
    (
        "unknown_keys_and_wrong_types",
        r#"releases: {}
release:
  stratgy: semver
  strategy: sem
  bump_minor_pre_major: "yes"
  changelog: { path: 5, command: make }
  version_files: package.json
  components: [api]
"#,
        r#"s.yaml:1:1: releases: this key is unknown
    did you mean `release`?
s.yaml:3:3: release.stratgy: this key is unknown
    did you mean `strategy`?
s.yaml:4:13: release.strategy: `sem` is not one of: semver, prerelease, calver, always_patch, always_minor, always_major
s.yaml:5:25: release.bump_minor_pre_major: this must be true or false, but is a text
s.yaml:6:22: release.changelog.path: this is of the wrong type
s.yaml:6:25: release.changelog.command: this key is unknown
    known are: path, template, authors, new_contributors
s.yaml:7:18: release.version_files: this must be a list, but is a text
    put it in brackets: [...]
s.yaml:8:15: release.components: this must be a mapping (`key: value`), but is a list"#,
    ),
    (
        "paths",
        r#"release:
  changelog: { path: ../CHANGELOG.md }
  version_files:
    - { path: /etc/passwd }
    - { path: 'a\b' }
    - { path: .GIT/config }
    - { path: a/../../b }
    - { path: C:/x }
    - { path: "a\u202Eb" }
    - { path: git~1/config }
    - { path: "" }
  components:
    api: { include: [/x, ok/], exclude: [a//b], changelog: true }
    web: { path: ../web }
"#,
        r#"s.yaml:2:22: release.changelog.path: the path has `..`: no path leads out of the repository or the component's folder
s.yaml:4:15: release.version_files[0].path: the path is absolute: write it from the repository's root (or the component's folder)
s.yaml:5:15: release.version_files[1].path: the path has a backslash: folders are separated with `/`
s.yaml:6:15: release.version_files[2].path: the path leads into git's own folder
s.yaml:7:15: release.version_files[3].path: the path has `..`: no path leads out of the repository or the component's folder
s.yaml:8:15: release.version_files[4].path: the path is absolute: write it from the repository's root (or the component's folder)
s.yaml:9:15: release.version_files[5].path: the path has a character that cannot be seen
s.yaml:10:15: release.version_files[6].path: the path has a part that is not taken: git's own folder, or blanks around a name
s.yaml:11:15: release.version_files[7].path: a path is missing
s.yaml:13:5: release.components.api: `path` is missing: the component's folder
    `path: .` is the repository's root
s.yaml:13:22: release.components.api.include[0]: the path is absolute: write it from the repository's root (or the component's folder)
s.yaml:13:42: release.components.api.exclude[0]: the path has an empty part or a `.`: write `folder/file`
s.yaml:13:60: release.components.api.changelog: this is a path, or `false` for none
    such as CHANGELOG.md
s.yaml:14:18: release.components.web.path: the path has `..`: no path leads out of the repository or the component's folder"#,
    ),
    (
        "version_files",
        r#"release:
  version_files:
    - { path: a.txt, regex: "version" }
    - { path: b.txt, regex: "(a)(b)" }
    - { path: c.txt, regex: "(" }
    - { path: d.json, pointer: $.a, regex: "(x)" }
    - { path: e.json, pointer: "a..b" }
    - { path: f.json, pointer: $.a, kind: package-json }
    - { kind: cargo }
"#,
        r#"s.yaml:3:29: release.version_files[0].regex: this regex cannot be used: it has no group: put the version into one, as in `version=([0-9.]+)`
s.yaml:4:29: release.version_files[1].regex: this regex cannot be used: it has 2 groups, and one is the version: write the others as `(?:...)`
s.yaml:5:29: release.version_files[2].regex: this regex cannot be used: regex parse error:
        (
        ^
    error: unclosed group
s.yaml:6:7: release.version_files[3]: it has a `pointer` and a `regex`
    keep the one that finds the version
s.yaml:7:32: release.version_files[4].pointer: this pointer cannot be used: it begins with `$`, as in `$.app.version`
s.yaml:8:43: release.version_files[5].kind: a `pointer` belongs to the kind `generic`
s.yaml:9:7: release.version_files[6]: `path` is missing
s.yaml:9:15: release.version_files[6].kind: `cargo` is not one of: cargo-toml, cargo-lock, package-json, package-lock, pyproject, chart, composer, pom, pubspec, version-txt, generic"#,
    ),
    (
        "versions",
        r#"release:
  initial_version: 1.0
  prerelease_type: "7"
  calver_format: DD.MM.YYYY
  components:
    api: { path: api, initial_version: 1.0.0+b, prerelease_type: a.b }
  targets: [{ branch: next, prerelease_type: "a b" }]
"#,
        r#"s.yaml:2:20: release.initial_version: this must be a text, but is a number
    a text in quotes, or a time with its unit, such as 30s
s.yaml:3:20: release.prerelease_type: `7` cannot stand before a pre-release's number: use letters, digits and -, such as beta or rc
s.yaml:4:18: release.calver_format: `calver_format: DD.MM.YYYY`: it does not begin with the year; use three of YYYY, YY, MM, WW, DD, MINOR and MICRO, such as YYYY.MM.MICRO
s.yaml:6:40: release.components.api.initial_version: `1.0.0+b`: what follows the + has no place here
s.yaml:6:66: release.components.api.prerelease_type: `a.b` cannot stand before a pre-release's number: use letters, digits and -, such as beta or rc
s.yaml:7:46: release.targets[0].prerelease_type: `a b` cannot stand before a pre-release's number: use letters, digits and -, such as beta or rc"#,
    ),
    (
        "tag_formats",
        r#"release:
  tag_format: "{component}-{version}"
"#,
        r#"s.yaml:2:15: release.tag_format: there are no components: without them a tag's format has `{version}` alone"#,
    ),
    (
        "tag_formats_of_components",
        r#"release:
  tag_format: release-{version}
  components:
    api: { path: api }
    cli: { path: cli, tag_format: "{name}{version}" }
    lib: { path: lib, tag_format: "v {version}" }
    web: { path: web, tag_format: "v1" }
"#,
        r#"s.yaml:5:35: release.components.cli.tag_format: a tag's format has no other places than `{version}` and `{component}`
s.yaml:6:35: release.components.lib.tag_format: git takes no tag of this format
s.yaml:7:35: release.components.web.tag_format: a tag's format has `{version}` once, such as `v{version}`"#,
    ),
    (
        "tags_that_could_be_taken_for_one_another",
        r#"release:
  components:
    api: { path: api, tag_format: "v{version}" }
    web: { path: web, tag_format: "v{version}-web" }
"#,
        r#"s.yaml:4:35: release.components.web.tag_format: tags of `web` and of `api` could not be told apart
    put `{component}` into `tag_format`, or give each component its own"#,
    ),
    (
        "names",
        r#"release:
  types:
    feat!: { section: "" }
    Fix: { section: " x" }
    fix: { bump: huge }
  components:
    Api: { path: api }
    a..b: { path: b }
    x.lock: { path: c }
  pull_request: { labels: ["", "a\nb"] }
  targets: [{ branch: "a b" }, { branch: main }, { branch: main }, { strategy: semver }, { branch: "rel[1]" }]
"#,
        r#"s.yaml:3:5: release.types["feat!"]: this is no type of commits: use letters, digits, - and _
s.yaml:3:23: release.types["feat!"].section: this is empty
s.yaml:4:21: release.types.Fix.section: this is one line of at most 80 characters, without blanks around it
s.yaml:5:5: release.types.fix: this type is there twice: capitals do not matter
s.yaml:5:18: release.types.fix.bump: `huge` is not one of: none, patch, minor, major
s.yaml:7:5: release.components.Api: a component's name is of a-z, 0-9, and . _ - between them, at most 60
s.yaml:8:5: release.components["a..b"]: a component's name is of a-z, 0-9, and . _ - between them, at most 60
s.yaml:9:5: release.components["x.lock"]: a component's name is of a-z, 0-9, and . _ - between them, at most 60
s.yaml:10:28: release.pull_request.labels[0]: this is empty
s.yaml:10:32: release.pull_request.labels[1]: this is one line of at most 50 characters, without blanks around it
s.yaml:11:23: release.targets[0].branch: this is no branch: a name such as `main`, or a pattern such as `release/*`
s.yaml:11:60: release.targets[2].branch: this branch is there twice: the first one decides
s.yaml:11:68: release.targets[3]: `branch` is missing: a branch's name, or a pattern such as `release/*`
s.yaml:11:100: release.targets[4].branch: this is no branch: a name such as `main`, or a pattern such as `release/*`"#,
    ),
    (
        "components_that_do_not_fit_together",
        r#"release:
  components:
    api: { path: api, group: core, strategy: calver }
    web: { path: ., group: core }
    all: { path: . }
"#,
        r#"s.yaml:4:10: release.components.web: `web` and `all` have one changelog, CHANGELOG.md
    give one of them another, or `changelog: false`
s.yaml:4:10: release.components.web: `web` and `api` are of the group `core`, but do not get their versions in the same way
    give both the same strategy, initial_version and prerelease_type"#,
    ),
    (
        "templates",
        r#"release:
  changelog: { template: "{{ commits }}" }
  pull_request:
    title: "{{ a ~ b }}"
    body: "{% include 'x' %}"
    release_name: "{{ tag"
"#,
        r#"s.yaml:2:26: release.changelog.template: `commits` is no variable of this template: there are heading, component, version, tag, previous_tag, date, compare_url, breaking, sections, new_contributors
s.yaml:4:12: release.pull_request.title: line 1: `~` has no meaning in this template language
s.yaml:5:11: release.pull_request.body: line 1: `{% include %}` is no tag of this template language: there are if and for
s.yaml:6:19: release.pull_request.release_name: line 1: unexpected end of input, expected end of variable block"#,
    ),
    (
        "locks",
        r#"locked: [strategy, release.stratgy, release.strategy.x, release.changelog.pth, release.components.a.b, release]
"#,
        r#"s.yaml:1:10: locked[0]: `strategy` is no field
    such as `release.strategy`
s.yaml:1:20: locked[1]: `release.stratgy` is no field
    did you mean `strategy`?
s.yaml:1:37: locked[2]: `release.strategy.x` is no field: lock `release.strategy`
s.yaml:1:57: locked[3]: `release.changelog.pth` is no field
    did you mean `path`?"#,
    ),
];
