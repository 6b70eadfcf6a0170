//! Cargo workspaces.

use super::*;

const VIRTUAL: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\nexclude = [\"crates/left\"]\n\n[workspace.package]\nversion = \"‹1.2.3›\" # all of it\n\n[workspace.dependencies]\na = { path = \"crates/a\", version = \"=‹1.2.3›\" }\nb = { path = \"crates/b\", version = \"0.4\" }\nserde = \"1.2.3\"\n";

#[test]
fn what_inherits_moves_with_the_workspace_and_what_has_a_version_of_its_own_stays() {
    let (from, to) = (version(FROM), version(TO));
    let repository = Repository::new(&[
        ("Cargo.toml", VIRTUAL),
        (
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nb = { path = \"../b\", version = \"0.4.0\" }\nsame = { path = \"../same\", version = \"^‹1.2.3›\" }\n",
        ),
        (
            "crates/b/Cargo.toml",
            "[package]\nname = \"b\"\nversion = \"0.4.0\"\n[target.'cfg(unix)'.dev-dependencies]\na = { path = \"../a\", version = \"‹1.2.3›\" }\n[dependencies.x]\npackage = \"a\"\npath = \"../a\"\nversion = \"1\"\n",
        ),
        ("crates/same/Cargo.toml", "[package]\nname = \"same\"\nversion = { workspace = true }\n"),
        ("crates/own/Cargo.toml", "[package]\r\nname = \"own\"\r\nversion = \"‹1.2.3›\"\r\n"),
        ("crates/left/Cargo.toml", "[package]\nname = \"left\"\nversion = \"1.2.3\"\n"),
        ("crates/a/nested/Cargo.toml", "[package]\nname = \"nested\"\nversion = \"1.2.3\"\n"),
        (
            "Cargo.lock",
            "version = 4\r\n\r\n[[package]]\r\nname = \"a\"\r\nversion = \"‹1.2.3›\"\r\ndependencies = [\r\n \"b\",\r\n]\r\n\r\n[[package]]\r\nname = \"b\"\r\nversion = \"0.4.0\"\r\n\r\n[[package]]\r\nname = \"own\"\r\nversion = \"‹1.2.3›\"\r\n\r\n[[package]]\r\nname = \"same\"\r\nversion = \"‹1.2.3›\"\r\n\r\n[[package]]\r\nname = \"serde\"\r\nversion = \"1.2.3\"\r\nsource = \"registry+x\"\r\n",
        ),
    ]);
    repository.becomes(&asked("", &from, &to), &[]);
    repository.becomes(&Asked { from: None, ..asked("", &from, &to) }, &[]);
    let files = [named("Cargo.toml"), named("Cargo.lock")];
    repository.becomes(&Asked { configured: Some(&files), ..asked("", &from, &to) }, &[]);
}

#[test]
fn a_root_package_takes_its_path_dependencies_along_when_they_have_its_version() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"‹1.2.3›\"\n[workspace]\n[dependencies]\nmacros = { version = \"‹1.2.3›\", path = \"macros\" }\nother = { path = \"./other/\", version = \"0.1.0\" }\n"),
        ("macros/Cargo.toml", "[package]\nname = \"macros\"\nversion = \"‹1.2.3›\"\n[dependencies]\ndeep = { path = \"deep\" }\n"),
        ("macros/deep/Cargo.toml", "[package]\nname = \"deep\"\nversion = \"‹1.2.3›\"\n"),
        ("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\n"),
        ("apart/Cargo.toml", "[package]\nname = \"apart\"\nversion = \"1.2.3\"\n"),
    ])
    .becomes(&asked("", &from, &to), &[]);
}

#[test]
fn a_lone_package_moves_with_its_lock_file_even_when_that_is_stale() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"‹1.2.2›\"\n"),
        ("tool/Cargo.lock", "[[package]]\nname = \"tool\"\nversion = \"‹1.2.1›\"\n"),
        ("Cargo.lock", "[[package]]\nname = \"tool\"\nversion = \"1.2.1\"\n"),
    ])
    .becomes(&asked("./tool/", &from, &to), &[]);
}

#[test]
fn a_virtual_workspace_without_a_version_moves_the_members_of_the_current_one() {
    let (from, to) = (version(FROM), version(TO));
    let root = ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"./b/\", \"c\"]\n");
    let (a, b) = (
        ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n"),
        ("b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"0.1.0\"\n"),
    );
    Repository::new(&[root, a, b]).becomes(&asked("", &from, &to), &[]);
    let one = ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"‹0.0.0›\"\n");
    Repository::new(&[root, one]).becomes(&asked("", &from, &to), &[]);
    let two = ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.2.0\"\n");
    Repository::new(&[root, two, b]).becomes(
        &asked("", &from, &to),
        &["Cargo.toml: no package of the workspace has the version 1.2.3, and their versions differ: name each one's file under `version_files`"],
    );
    Repository::new(&[root]).becomes(&asked("", &from, &to), &[]);
}

const COMPONENTS: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\n[workspace.dependencies]\na = { path = \"a\", version = \"‹1.2.3›\" }\nb = { path = \"b\", version = \"1.2.3\" }\n",
    ),
    (
        "a/Cargo.toml",
        "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n[dependencies]\nb = { path = \"../b\", version = \"1.2.3\" }\n",
    ),
    ("b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"1.2.3\"\n"),
    (
        "c/Cargo.toml",
        "[package]\nname = \"c\"\nversion = \"1.2.3\"\n[build-dependencies]\na = { path = \"../a\", version = \"~‹1.2.3›\" }\n",
    ),
    (
        "Cargo.lock",
        "[[package]]\nname = \"a\"\nversion = \"‹1.2.3›\"\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\n[[package]]\nname = \"c\"\nversion = \"1.2.3\"\n",
    ),
];

#[test]
fn a_component_moves_alone_but_what_is_required_of_it_follows_everywhere() {
    let (from, to) = (version(FROM), version(TO));
    let apart = ["b".to_owned(), "c".to_owned()];
    Repository::new(&COMPONENTS).becomes(&Asked { apart: &apart, ..asked("a", &from, &to) }, &[]);
}

#[test]
fn changes_of_several_components_compose_in_the_files_that_they_share() {
    let (from, to, other) = (version(FROM), version(TO), version("2.0.0"));
    let repository = Repository::new(&COMPONENTS);
    let paths: BTreeSet<String> = repository.before.keys().cloned().collect();
    let mut have: BTreeMap<_, _> =
        repository.before.iter().map(|(path, text)| (path.clone(), Some(text.clone()))).collect();
    for (folder, to) in [("a", &to), ("b", &other)] {
        let apart = ["a", "b", "c"].into_iter().filter(|other| *other != folder).map(str::to_owned);
        let apart: Vec<_> = apart.collect();
        let Step::Done { changes, warnings } =
            update(&Asked { apart: &apart, ..asked(folder, &from, to) }, &paths, &have).unwrap()
        else {
            panic!("everything is there")
        };
        assert!(warnings.is_empty());
        have.extend(changes.into_iter().map(|change| (change.path, Some(change.content))));
    }
    let lines = |path: &str| {
        let text = have[path].clone().unwrap();
        text.lines().filter(|line| line.contains("version")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("Cargo.lock"), ["version = \"1.3.0\"", "version = \"2.0.0\"", "version = \"1.2.3\""]);
    assert_eq!(
        lines("Cargo.toml"),
        ["a = { path = \"a\", version = \"1.3.0\" }", "b = { path = \"b\", version = \"2.0.0\" }"]
    );
    assert_eq!(
        lines("a/Cargo.toml"),
        ["version = \"1.3.0\"", "b = { path = \"../b\", version = \"2.0.0\" }"]
    );
}

#[test]
fn a_component_that_inherits_its_version_moves_the_workspaces_unless_another_has_it_too() {
    let (from, to) = (version(FROM), version(TO));
    let member = |name: &str| format!("[package]\nname = \"{name}\"\nversion.workspace = true\n");
    let (a, b) = (member("a"), member("b"));
    let root = |version: &str| {
        format!("[workspace]\nmembers = [\"*\"]\n[workspace.package]\nversion = \"{version}\"\n")
    };
    let moving = root("‹1.2.3›");
    let group = Repository::new(&[("Cargo.toml", &moving), ("a/Cargo.toml", &a), ("b/Cargo.toml", &b)]);
    group.becomes(&asked("a", &from, &to), &[]);
    let staying = root("1.2.3");
    let apart = ["b".to_owned()];
    Repository::new(&[("Cargo.toml", &staying), ("a/Cargo.toml", &a), ("b/Cargo.toml", &b)]).becomes(
        &Asked { apart: &apart, ..asked("a", &from, &to) },
        &["a/Cargo.toml: its version is the workspace's, which `b` has too: write a version of its own into each, or release them as one group"],
    );
}

#[test]
fn a_component_at_the_root_leaves_the_others_alone() {
    let (from, to) = (version(FROM), version(TO));
    let apart = ["libs".to_owned()];
    Repository::new(&[
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"‹1.2.3›\"\n[workspace]\nmembers = [\"libs/*\", \"tools/*\"]\n"),
        ("libs/a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.2.3\"\n"),
        ("tools/b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"‹1.2.3›\"\n"),
    ])
    .becomes(&Asked { apart: &apart, ..asked("", &from, &to) }, &[]);
}

#[test]
fn a_folder_is_not_in_another_because_its_name_begins_alike() {
    let (from, to) = (version(FROM), version(TO));
    let apart = ["app".to_owned()];
    Repository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nversion = \"‹1.2.3›\"\n"),
        ("app/Cargo.toml", "[package]\nname = \"app\"\nversion = \"1.2.3\"\n"),
        ("app-tools/Cargo.toml", "[package]\nname = \"app-tools\"\nversion = \"‹1.2.3›\"\n"),
    ])
    .becomes(&Asked { apart: &apart, ..asked("", &from, &to) }, &[]);
}

#[test]
fn what_lies_below_a_package_goes_with_its_folder_but_not_with_its_name() {
    let (from, to) = (version(FROM), version(TO));
    let root = ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"a/derive\"]\n");
    let a = ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n");
    let derive = |version: &str| format!("[package]\nname = \"derive\"\nversion = \"{version}\"\n");
    Repository::new(&[root, a, ("a/derive/Cargo.toml", &derive("‹1.2.3›"))])
        .becomes(&asked("a", &from, &to), &[]);
    let files = [VersionFile { package: Some("a".into()), ..named("Cargo.toml") }];
    Repository::new(&[root, a, ("a/derive/Cargo.toml", &derive("1.2.3"))])
        .becomes(&Asked { configured: Some(&files), ..asked("a", &from, &to) }, &[]);
}

#[test]
fn a_configured_package_of_a_workspace_moves_alone() {
    let (from, to) = (version(FROM), version(TO));
    let files = [VersionFile { package: Some("a".into()), ..named("Cargo.toml") }];
    Repository::new(&COMPONENTS).becomes(&Asked { configured: Some(&files), ..asked("", &from, &to) }, &[]);
    let files = [VersionFile { package: Some("z".into()), ..named("Cargo.toml") }];
    let asked = Asked { configured: Some(&files), ..asked("", &from, &to) };
    let faults = Repository::new(&COMPONENTS).update(&asked).unwrap_err();
    assert_eq!(faults.to_string(), "Cargo.toml: there is no package `z` in this workspace");
}

#[test]
fn what_cannot_be_read_or_moved_is_told_and_the_rest_goes_on() {
    let (from, to) = (version(FROM), version("2.0.0"));
    let repository = Repository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nversion = \"1.2.3\"\n"),
        ("a/Cargo.toml", "[package]\nname = \"a\"\nversion.workspace = true\n"),
        ("b/Cargo.toml", "[package\nname = \"b\"\n"),
        (
            "c/Cargo.toml",
            "[package]\nname = \"c\"\nversion = \"0.1.0\"\n[dependencies]\na = { path = \"../a\", version = \">=1.2, <2\" }\n",
        ),
        ("Cargo.lock", "<<<<<<< ours\n"),
    ]);
    let (changes, warnings) = repository.update(&asked("", &from, &to)).unwrap();
    assert_eq!(changes.iter().map(|change| &*change.path).collect::<Vec<_>>(), ["Cargo.toml"]);
    assert_eq!(
        warnings,
        [
            "b/Cargo.toml:1: this is not TOML: unclosed table, expected `]`",
            "c/Cargo.toml: it requires `>=1.2, <2` of `a`, which does not take 2.0.0: change it by hand",
            "Cargo.lock:1: this is not TOML: key with no value, expected `=`",
        ]
    );
}
