//! What somebody wrote to do harm.

use super::*;

#[test]
fn no_path_leads_out_of_the_repository() {
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/..",
        "..",
        "a\\b",
        "..\\x",
        "C:/x",
        "c:x",
        "a//b",
        "a/",
        "./",
        "a/./b",
        ".git/config",
        "a/.GIT/hooks/x",
        "a\0b",
        "a\nb",
        "\u{85}",
    ] {
        assert!(safe(path).is_err(), "{path:?}");
    }
    for (path, is) in
        [("a", "a"), ("./a/b.c", "a/b.c"), ("..a/b..", "..a/b.."), (".github/x", ".github/x"), ("ü b", "ü b")]
    {
        assert_eq!(safe(path).unwrap(), is);
    }
    assert!(safe(&"a".repeat(5_000)).is_err());
    let (from, to) = (version(FROM), version(TO));
    for folder in ["/", "/a", "..", "a/../..", ".git", "a\\b"] {
        let faults = update(&asked(folder, &from, &to), &BTreeSet::new(), &BTreeMap::new());
        assert!(faults.is_err(), "{folder}");
    }
}

#[test]
fn a_workspace_reaches_no_folder_outside() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n[workspace]\nmembers = [\"../../x\", \"/etc\", \"..\", \"[\", \"**\"]\n[dependencies]\nb = { path = \"../../../b\", version = \"1.2.3\" }\n"),
        ("b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"1.2.3\"\n"),
    ])
    .becomes(&asked("a", &from, &to), &[]);
}

#[test]
fn deep_and_long_texts_are_refused_or_read_but_never_the_end_of_the_process() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let bomb = (0..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        format!("{text}a{}: &a{} [*a{level}, *a{level}]\n", level + 1, level + 1)
    });
    for (file, text) in [
        (named("package.json"), deep("[", "]")),
        (named("package.json"), deep("{\"a\":", "}")),
        (named("Chart.yaml"), deep("[", "]")),
        (named("Chart.yaml"), deep("{a: ", "}")),
        (named("Chart.yaml"), (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
        (named("Chart.yaml"), "- ".repeat(100_000)),
        (named("Chart.yaml"), bomb),
        (named("Cargo.toml"), format!("a = {}", deep("[", "]"))),
        (named("Cargo.toml"), format!("a = {}", deep("{a=", "}"))),
        (named("Cargo.toml"), format!("{}b = 1", "a.".repeat(100_000))),
        (named("pom.xml"), deep("<a>", "</a>")),
        (
            named("pom.xml"),
            "<!DOCTYPE a [<!ENTITY b \"c\">]><project><version>&b;</version></project>".into(),
        ),
        (named("README.md"), "1.2.3 ".repeat(200_000)),
        (named("version.txt"), "1".repeat(1 << 20) + " "),
        (VersionFile { regex: Some("(a+)+$".into()), ..named("x") }, "a".repeat(1 << 20) + "b"),
    ] {
        let _ = edit(&file, &text, Some(&version(FROM)), &version(TO));
    }
    let (before, after) =
        both(&format!("{} ‹1.2.3› x-pointsman-version\n", "x 9.9.9 {{ü}} ".repeat(100_000)), TO);
    let edited = edit(&named("README.md"), &before, Some(&version(FROM)), &version(TO)).unwrap();
    assert!(edited.content == after, "a long line");
}

#[test]
fn damaged_files_are_refused_or_changed_only_where_the_version_stands() {
    let seeds = [
        (
            "Cargo.toml",
            "[package]\nname = \"ü\"\nversion = \"1.2.3\"\n[workspace.package]\nversion = '1.2.3'\n[workspace.dependencies]\na = { path = \"a\", version = \"=1.2.3\" }\n",
        ),
        (
            "Cargo.lock",
            "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\ndependencies = [\"b 1.2.3\"]\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\n",
        ),
        ("package.json", "{\"name\": \"ü\", \"version\": \"1.2.3\", \"a\": [1, {}]}"),
        (
            "package-lock.json",
            "{\"version\": \"1.2.3\", \"packages\": {\"\": {\"version\": \"1.2.3\"}, \"a\": {\"name\": \"a\", \"version\": \"1.2.3\", \"dependencies\": {\"a\": \"^1.2.3\"}}}}",
        ),
        ("Chart.yaml", "a: ü\nversion: 1.2.3 # x\nappVersion: \"v1.2.3\"\nb: {c: [1.2.3]}\n"),
        ("pubspec.yaml", "ü: x\r\nversion: '1.2.3+7'\r\n"),
        ("pom.xml", "<project><parent><version>1</version></parent><version> 1.2.3ü </version></project>"),
        ("version.txt", "\u{feff}v1.2.3\n"),
        ("README.md", "ü 1.2.3 x-pointsman-version\nx-pointsman-start-major\n1\nx-pointsman-end\n"),
    ];
    let (from, to) = (version(FROM), version(TO));
    let mut state = 7_u64;
    let mut below = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most
    };
    let pieces = [
        "", "\"", "'", "\\", "\\u0031", "{", "}", "[", "]", "\n", "\r", "\t", "ü", "\u{feff}", "1.2.3", ":",
        "<", "&x;", "|", "#", "-",
    ];
    for round in 0..6_000 {
        let (path, seed) = seeds[round % seeds.len()];
        let mut text: Vec<char> = seed.chars().collect();
        for _ in 0..=below(3) {
            let at = below(text.len());
            text.splice(at..(at + below(3)).min(text.len()), pieces[below(pieces.len())].chars());
            text.push(' ');
        }
        let text: String = text.into_iter().collect();
        let Ok(edited) = edit(&named(path), &text, Some(&from), &to) else { continue };
        let longer: isize =
            edited.places.iter().map(|place| place.after.len() as isize - place.before.len() as isize).sum();
        assert_eq!(edited.content.len() as isize - text.len() as isize, longer, "{path}: {text:?}");
        let again = edit(&named(path), &edited.content, Some(&from), &to);
        assert!(again.is_ok(), "{path}: {text:?} became {:?}: {again:?}", edited.content);
    }
}
