//! Which files are found or configured, in which rounds.

use super::*;

#[test]
fn what_lies_in_the_folder_is_found_and_nothing_below_or_beside_it() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("app/package.json", "{\"version\": \"‹1.2.3›\"}"),
        ("app/npm-shrinkwrap.json", "{\"version\": \"‹1.2.3›\"}"),
        ("app/pyproject.toml", "[project]\nversion = \"‹1.2.3›\"\n"),
        ("app/Chart.yaml", "version: ‹1.2.3›\n"),
        ("app/composer.json", "{\"version\": \"‹1.2.3›\"}"),
        ("app/pom.xml", "<project><version>‹1.2.3›</version></project>"),
        ("app/pubspec.yaml", "version: ‹1.2.3›+1\n"),
        ("app/version.txt", "‹1.2.3›\n"),
        ("app/VERSION", "1.2.3\n"),
        ("app/README.md", "1.2.3 x-pointsman-version\n"),
        ("app/charts/x/Chart.yaml", "version: 1.2.3\n"),
        ("version.txt", "1.2.3\n"),
        ("app2/version.txt", "1.2.3\n"),
    ])
    .becomes(&asked("app", &from, &to), &[]);
}

#[test]
fn found_files_without_a_version_are_told_and_usual_ones_are_not() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("composer.json", "{\"name\": \"a/a\"}"),
        ("pyproject.toml", "[project]\ndynamic = [\"version\"]\n"),
        ("Chart.yaml", "name: x\nversion: {\n"),
        ("version.txt", "‹1.2.3›"),
    ])
    .becomes(
        &asked("", &from, &to),
        &[
            "pyproject.toml: its version is dynamic: name the file that holds it under `version_files`, unless it comes from the tag",
            "Chart.yaml:3: this is not YAML: while parsing a node, did not find expected node content",
        ],
    );
}

#[test]
fn configured_files_are_all_that_change_and_every_fault_in_them_is_told() {
    let (from, to) = (version(FROM), version(TO));
    let repository = Repository::new(&[
        ("app/composer.json", "{}"),
        ("app/docs/install.md", "a@‹1.2.3› <!-- x-pointsman-version -->\n"),
        ("app/values", "{\"image\": {\"tag\": \"‹1.2.3›\"}}\n"),
        ("app/version.txt", "1.2.3\n"),
    ]);
    let marked = named("docs/install.md");
    let pointed = VersionFile { pointer: Some("$.image.tag".into()), ..named("./values") };
    let files = [marked.clone(), pointed];
    repository.becomes(&Asked { configured: Some(&files), ..asked("app", &from, &to) }, &[]);
    let files = [marked, named("composer.json"), named("gone.txt"), named("../version.txt")];
    let faults =
        repository.update(&Asked { configured: Some(&files), ..asked("app", &from, &to) }).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "app/composer.json: it has no version, as Composer takes it from the tag: leave the file out of `version_files`, or add one\n\
         app/gone.txt: there is no such file: correct its path under `version_files`, or add it\n\
         ../version.txt: the path has `..`: no path leads out of the repository or the component's folder"
    );
    repository.becomes_nothing(&Asked { configured: Some(&[]), ..asked("app", &from, &to) });
}

#[test]
fn one_file_may_hold_the_version_in_several_configured_ways() {
    let (from, to) = (version(FROM), version(TO));
    let files = [
        VersionFile { pointer: Some("$.a".into()), ..named("a.yaml") },
        VersionFile { pointer: Some("$.b".into()), ..named("a.yaml") },
    ];
    Repository::new(&[("a.yaml", "a: ‹1.2.3›\nb: ‹1.2.3›\nc: 1.2.3\n")])
        .becomes(&Asked { configured: Some(&files), ..asked("", &from, &to) }, &[]);
}

#[test]
fn a_change_says_the_version_before_and_nothing_changes_twice() {
    let (from, to) = (version(FROM), version(TO));
    let repository = Repository::new(&[
        ("package.json", "{\"name\": \"r\", \"version\": \"0.9.0\", \"workspaces\": [\"b\"]}"),
        (
            "b/package.json",
            "{\"name\": \"b\", \"version\": \"5.0.0\", \"dependencies\": {\"r\": \"^0.9.0\"}}",
        ),
        ("version.txt", "1.3.0\n"),
        ("pubspec.yaml", "version: 1.2.3+4\n"),
    ]);
    let (changes, _) = repository.update(&asked("", &from, &to)).unwrap();
    let told: Vec<_> = changes.iter().map(|change| (&*change.path, change.before.as_deref())).collect();
    let wanted = [
        ("b/package.json", Some("0.9.0")),
        ("package.json", Some("0.9.0")),
        ("pubspec.yaml", Some("1.2.3+4")),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn each_round_asks_for_all_that_it_knows_to_need() {
    let (from, to) = (version(FROM), version(TO));
    let paths = ["Cargo.toml", "Cargo.lock", "a/Cargo.toml", "b/Cargo.toml", "version.txt", "x/Cargo.toml"];
    let paths: BTreeSet<String> = paths.into_iter().map(str::to_owned).collect();
    let mut have = BTreeMap::new();
    let need = |have: &BTreeMap<_, _>| match update(&asked("", &from, &to), &paths, have).unwrap() {
        Step::Need(needs) => needs,
        Step::Done { .. } => Vec::new(),
    };
    assert_eq!(need(&have), ["Cargo.lock", "Cargo.toml", "version.txt"]);
    have.insert("Cargo.lock".into(), None);
    have.insert("version.txt".into(), None);
    let root = "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.package]\nversion = \"1.2.3\"\n";
    have.insert("Cargo.toml".to_owned(), Some(root.to_owned()));
    assert_eq!(need(&have), ["a/Cargo.toml", "b/Cargo.toml"]);
}
