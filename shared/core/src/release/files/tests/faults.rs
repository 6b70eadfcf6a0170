//! What a person is told of a file that cannot be changed.

use super::*;

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let generic = |pointer: Option<&str>, regex: Option<&str>, path: &str| VersionFile {
        pointer: pointer.map(str::to_owned),
        regex: regex.map(str::to_owned),
        ..named(path)
    };
    let at = |pointer| generic(Some(pointer), None, "a.json");
    let by = |regex| generic(None, Some(regex), "a.md");
    let mut wrong = Vec::new();
    let package = |path| VersionFile { package: Some("z".into()), ..named(path) };
    for (file, text, told) in [
        (
            named("Cargo.toml"),
            "[package]\nname = \"a\"\nversion = 1.2.3\n",
            "Cargo.toml:3: this is not TOML: invalid float",
        ),
        (
            named("Cargo.toml"),
            "[package]\nname = \"a\"\nversion = 1.2\n",
            "Cargo.toml:3: `package.version` is no text: write it as \"1.2.3\"",
        ),
        (
            named("Cargo.toml"),
            "[package]\nname = \"a\"\n",
            "Cargo.toml: it has no version: add `version = \"0.0.0\"` to its table `package`",
        ),
        (
            named("Cargo.toml"),
            "[package]\nname = \"a\"\nversion.workspace = true\n",
            "Cargo.toml: its version is the workspace's: it stands in the workspace's Cargo.toml",
        ),
        (
            named("Cargo.toml"),
            "[workspace]\n",
            "Cargo.toml: it has no version: it is a workspace whose packages have their own",
        ),
        (
            package("Cargo.toml"),
            "[package]\nname = \"a\"\nversion = \"1.2.3\"\n",
            "Cargo.toml: it is not the manifest of `z` but of `a`: name that package's own Cargo.toml",
        ),
        (
            named("Cargo.lock"),
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n",
            "Cargo.lock: its packages have different versions (a 1.0.0, b 2.0.0): name one as the `package`",
        ),
        (
            package("Cargo.lock"),
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n",
            "Cargo.lock: it has no package `z` of a workspace: it has a 1.0.0",
        ),
        (
            named("Cargo.lock"),
            "version = 4\n",
            "Cargo.lock: it has no package of a workspace: nothing in it moves with a release",
        ),
        (
            named("package.json"),
            "{\n  \"name\": \"a\"\n  \"version\": \"1.2.3\"\n}\n",
            "package.json:2: this is not JSON: Expected comma",
        ),
        (
            named("package.json"),
            "{\n\"version\": 1.2}",
            "package.json:2: `version` is no text: write it as \"1.2.3\"",
        ),
        (named("package.json"), "{}", "package.json: it has no version: add `\"version\": \"0.0.0\"`"),
        (named("package.json"), "[]", "package.json:1: a package.json is an object"),
        (named("package.json"), "", "package.json: the file is empty: it is no JSON"),
        (
            package("package-lock.json"),
            "{\"version\": \"1.2.3\"}",
            "package-lock.json: it has no version of a package `z` in this workspace",
        ),
        (
            named("pyproject.toml"),
            "[project]\ndynamic = [\"version\"]\n",
            "pyproject.toml: its version is dynamic: name the file that holds it under `version_files`, unless it comes from the tag",
        ),
        (
            named("pyproject.toml"),
            "[tool.ruff]\n",
            "pyproject.toml: it has neither a table `project` nor `tool.poetry`: it describes no package",
        ),
        (named("Chart.yaml"), "name: a\n", "Chart.yaml: it has no version: add `version: 0.0.0`"),
        (
            named("Chart.yaml"),
            "name: a\nversion: {{ .v }}: x\n",
            "Chart.yaml:2: this is not YAML: mapping values are not allowed in this context",
        ),
        (
            named("Chart.yaml"),
            "name: a\nversion: [1\n",
            "Chart.yaml:3: this is not YAML: while parsing a flow sequence, expected ',' or ']'",
        ),
        (named("pubspec.yaml"), "version:\n", "pubspec.yaml: `version` is no text: write it as \"1.2.3\""),
        (
            named("pom.xml"),
            "<project>\n<version>1</versio>\n</project>",
            "pom.xml:2: this is not XML: expected 'version' tag, not 'versio' at 2:11",
        ),
        (
            named("pom.xml"),
            "<project><parent><version>1.2.3</version></parent></project>",
            "pom.xml: its version is its parent's: release the parent, or write a `version` of its own",
        ),
        (
            named("pom.xml"),
            "<project>\n<version>${a}${b}</version></project>",
            "pom.xml:2: its version is made of properties that do not stand here: mark their lines and set `kind: generic`",
        ),
        (
            named("version.txt"),
            "\nversion 1.2.3\n",
            "version.txt:2: it holds more than a version: mark the version's line with `x-pointsman-version` and set `kind: generic`",
        ),
        (
            named("README.md"),
            "1.2.3",
            "README.md: no line is marked: write `x-pointsman-version` in a comment on the version's line, or say where it stands with a `pointer` or a `regex` under `version_files`",
        ),
        (named("README.md"), "none x-pointsman-version", "README.md: no marked line has a version on it"),
        (
            named("README.md"),
            "a\nx-release-please-start-version\n1.2.3",
            "README.md:2: the block is not closed: write `x-pointsman-end` after it",
        ),
        (
            named("README.md"),
            "a\n2020-01-01 x-release-please-date",
            "README.md:2: the mark `date` is not known: version, major, minor and patch are",
        ),
        (at("$.b"), "{\"a\": \"1.2.3\"}", "a.json: nothing is at `$.b`"),
        (at("$.a"), "{\"a\": 1.2}", "a.json: what is at `$.a` is no text: it cannot hold a version"),
        (at("$.a"), "{\"a\": \"latest\"}", "a.json: what is at `$.a` holds no version: `latest`"),
        (at("a"), "{}", "a.json: the pointer `a`: it begins with `$`, as in `$.app.version`"),
        (at("$"), "{}", "a.json: the pointer `$`: it names no key"),
        (at("$.*"), "{}", "a.json: the pointer `$.*`: it names one place: `*` is not taken"),
        (
            at("$.a[x]"),
            "{}",
            "a.json: the pointer `$.a[x]`: `[x]` is neither a place in a list nor a quoted key",
        ),
        (
            generic(Some("$.a"), None, "a.md"),
            "a: 1.2.3",
            "a.md: a pointer leads into a JSON, TOML or YAML file, and this name ends like none: use a marked line or a `regex`",
        ),
        (by("x([0-9]+)"), "1.2.3", "a.md: the regex matches nowhere in this file"),
        (
            by("[0-9]+"),
            "1.2.3",
            "a.md: the regex: it has no group: put the version into one, as in `version=([0-9.]+)`",
        ),
        (
            by("(1)(2)"),
            "1.2.3",
            "a.md: the regex: it has 2 groups, and one is the version: write the others as `(?:...)`",
        ),
        (
            by("((?:a{1000}){1000})"),
            "1.2.3",
            "a.md: the regex: it is too large: use fewer and smaller repetitions",
        ),
        (
            by("(?s)(.*)"),
            "1.2.3\n4",
            "a.md:1: the regex's group takes in more than a version: make it narrower, such as `([0-9]+[.][0-9A-Za-z.+-]*)`",
        ),
        (
            generic(Some("$.a"), Some("(1)"), "a.json"),
            "{}",
            "a.json: it has a `pointer` and a `regex`: keep the one that finds the version",
        ),
        (
            VersionFile { kind: Some(FileKind::Chart), ..at("$.a") },
            "{}",
            "a.json: a `pointer` or a `regex` belongs to the kind `generic`",
        ),
        (
            package("version.txt"),
            "1.2.3",
            "version.txt: `package` is for Cargo's and npm's files: this one holds one version",
        ),
    ] {
        match edit(&file, text, Some(&version(FROM)), &version(TO)) {
            Err(fault) if fault.to_string() == told => {}
            Err(fault) => wrong.push(format!("told:   {fault}\nwanted: {told}")),
            Ok(edited) => wrong.push(format!("taken: {text:?} as {:?}", edited.content)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
