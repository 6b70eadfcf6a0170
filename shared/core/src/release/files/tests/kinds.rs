//! What moves in one text, and nothing beside it.

use super::*;

/// As it stands here, with CRLF, without its last line end, with a byte order mark.
fn in_all_shapes(file: &VersionFile, text: &str, to: &str) {
    let plain = text.to_owned();
    let shapes = [
        plain.clone(),
        plain.replace('\n', "\r\n"),
        plain.trim_end_matches('\n').to_owned(),
        format!("\u{feff}{plain}"),
    ];
    for shape in shapes {
        let (before, after) = both(&shape, to);
        let edited = edit(file, &before, Some(&version(FROM)), &version(to))
            .unwrap_or_else(|fault| panic!("{fault} in {before:?}"));
        assert_eq!(edited.content, after, "{}", file.path);
        let again = edit(file, &after, Some(&version(FROM)), &version(to)).unwrap();
        assert_eq!(again.content, after, "{} a second time", file.path);
    }
}

fn table(path: &str, cases: &[&str]) {
    for text in cases {
        in_all_shapes(&named(path), text, TO);
        in_all_shapes(&named(path), text, "2.0.0-rc.1");
    }
}

#[test]
fn cargo_toml() {
    table(
        "Cargo.toml",
        &[
            "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n",
            "# version = \"1.2.3\"\n[package]\n  name    = 'a'   # ü\n  version =   '‹1.2.3›'\t# version = \"1.2.3\"\n\n\n",
            "package.name = \"a\"\npackage.version = \"‹0.0.0-dev›\"\n",
            "package = { name = \"a\", version = \"‹1.2.3›\", edition = \"2024\" }\n",
            "[dependencies]\nversion = \"1.2.3\"\nb = { version = \"1.2.3\" }\nc = { path = \"c\", version = \"1.2.3\" }\n[dependencies.d]\nversion = \"1.2.3\"\n[package.metadata.x]\nversion = \"1.2.3\"\n[package]\nversion = \"‹1.2.3›\"\nname = \"a\"\n[[bin]]\nname = \"version\"\n",
            "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nversion = \"‹1.2.3›\"\nedition = \"2024\"\n[workspace.dependencies]\na = { path = \"a\", version = \"=‹1.2.3›\" }\nb = { version = \"1.2.3\" }\nc = { path = \"c\", version = \"0.2\" }\n",
            "[workspace]\n[workspace.package]\nversion = \"\"\"‹1.2.3›\"\"\"\n[package]\nname = \"a\"\nversion.workspace = true\n",
            "[package]\nname = \"a\"\nversion = \"‹1.\\u0032.3›\"\n",
        ],
    );
}

#[test]
fn package_json() {
    table(
        "package.json",
        &[
            "{\n  \"name\": \"a\",\n  \"version\": \"‹1.2.3›\"\n}\n",
            "{\n\t\"config\": { \"version\": \"1.2.3\" },\n\t\"dependencies\": { \"version\": \"1.2.3\", \"b\": \"1.2.3\" },\n\t\"version\" : \"‹1.2.3›\",\n\t\"description\": \"ü \\\"version\\\": \\\"1.2.3\\\"\"\n}\n",
            "{\"version\":\"‹0.0.0-development›\",\"name\":\"a\"}",
            "{ // a comment: \"version\": \"1.2.3\"\n \"name\": \"日本\", \"version\": \"‹1.2.3›\", \n}\n",
            "{\"v\": 1, \"version\": \"‹›\"}\n",
            "{\"version\": \"‹1\\u002e2.3›\"}\n",
        ],
    );
}

#[test]
fn package_lock() {
    table(
        "package-lock.json",
        &[
            "{\n  \"name\": \"a\",\n  \"version\": \"‹1.2.3›\",\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"\": { \"name\": \"a\", \"version\": \"‹1.2.3›\", \"dependencies\": { \"b\": \"1.2.3\" } },\n    \"node_modules/b\": { \"version\": \"1.2.3\", \"dependencies\": { \"a\": \"1.2.3\" } }\n  }\n}\n",
            "{\"name\": \"a\", \"version\": \"‹1.2.3›\", \"lockfileVersion\": 1, \"dependencies\": {\"b\": {\"version\": \"1.2.3\", \"requires\": {\"a\": \"1.2.3\"}}}}\n",
            "{\"version\": \"‹1.2.3›\", \"packages\": {\"\": {\"version\": \"‹1.2.2›\"}, \"packages/c\": {\"version\": \"‹1.2.3›\"}}}\n",
            "{\"packages\": {\"\": {\"name\": \"a\", \"version\": \"‹1.2.3›\"}, \"packages/c\": {\"name\": \"c\", \"version\": \"‹1.2.3›\", \"dependencies\": {\"a\": \"^‹1.2.3›\"}}, \"packages/d\": {\"version\": \"0.1.0\"}, \"node_modules/c\": {\"resolved\": \"packages/c\", \"link\": true}}}\n",
        ],
    );
}

#[test]
fn a_named_package_moves_alone_in_a_lock_file() {
    for (path, package, text) in [
        (
            "package-lock.json",
            "r",
            "{\"name\": \"r\", \"version\": \"‹1.2.3›\", \"packages\": {\"\": {\"version\": \"‹1.2.3›\"}, \"p/c\": {\"version\": \"1.2.3\"}}}\n",
        ),
        (
            "package-lock.json",
            "c",
            "{\"name\": \"r\", \"version\": \"1.2.3\", \"packages\": {\"\": {\"version\": \"1.2.3\"}, \"p/c\": {\"version\": \"‹1.2.3›\"}, \"node_modules/c\": {\"link\": true}}}\n",
        ),
        (
            "Cargo.lock",
            "b",
            "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\ndependencies = [\"b ‹1.2.3›\", \"c 1.2.3\"]\n[[package]]\nname = \"b\"\nversion = \"‹1.2.3›\"\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\nsource = \"registry+x\"\n",
        ),
        ("Cargo.toml", "a", "[package]\nname = \"a\"\nversion = \"‹1.2.3›\"\n"),
    ] {
        in_all_shapes(&VersionFile { package: Some(package.into()), ..named(path) }, text, TO);
    }
}

#[test]
fn pyproject() {
    table(
        "pyproject.toml",
        &[
            "[project]\nname = \"a\"\nversion = \"‹1.2.3›\" # ü\ndependencies = [\"b==1.2.3\"]\n",
            "[tool.poetry]\nname = 'a'\nversion = '‹1.2.3›'\n[tool.poetry.dependencies]\nversion = \"1.2.3\"\nb = { version = \"1.2.3\" }\n[tool.other]\nversion = \"1.2.3\"\n",
            "[build-system]\nrequires = []\n[tool.poetry]\nversion = \"‹1.2.3›\"\n[project]\nversion = \"‹1.2.3.dev1›\"\n",
            "[project]\ndynamic = [\"version\"]\n[tool.poetry]\nversion = \"‹1.2.3›\"\n",
        ],
    );
}

#[test]
fn chart() {
    table(
        "Chart.yaml",
        &[
            "apiVersion: v2\nname: a # ü\nversion: ‹1.2.3› # version: 1.2.3\nappVersion: \"‹1.2.3›\"\n",
            "appVersion: 'v‹1.2.3›'\ndependencies:\n  - name: b\n    version: 1.2.3\n    appVersion: 1.2.3\nversion: \"‹1.2.3›\"\n",
            "# ü\n\nannotations:\n  version: 1.2.3\nversion:   ‹0.1.0›\nappVersion: 2.0\n",
            "---\nversion: &v ‹1.2.3›\nappVersion: 1.2.3-x\nother: *v\n",
            "{\"version\": \"‹1.2.3›\", \"appVersion\": ‹1.2.3›}\n",
            "version: ‹1.2›\nappVersion: ‹1.2›\n",
        ],
    );
}

#[test]
fn composer() {
    table(
        "composer.json",
        &[
            "{\n    \"require\": {\"b/b\": \"1.2.3\", \"version\": \"1.2.3\"},\n    \"version\": \"‹1.2.3›\",\n    \"name\": \"ü/a\"\n}\n",
        ],
    );
}

#[test]
fn pom() {
    table(
        "pom.xml",
        &[
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <parent>\n    <version>1.2.3</version>\n  </parent>\n  <!-- <version>1.2.3</version> ü -->\n  <version>‹1.2.3-SNAPSHOT›</version>\n  <dependencies><dependency><version>1.2.3</version></dependency></dependencies>\n  <build><plugins><plugin><version>1.2.3</version></plugin></plugins></build>\n</project>\n",
            "<project><dependencies><dependency><version>1.2.3</version></dependency></dependencies><version>\n  ‹1.2.3›\n  </version></project>\n",
            "<project>\n<version><!-- x -->‹1.2.3›<!-- y --></version></project>\n",
            "<project><version>${revision}</version><properties><a>1.2.3</a><revision>‹1.2.3›</revision></properties></project>\n",
            "<project><version><![CDATA[‹1.2.3›]]></version></project>\n",
            "<m:project xmlns:m='x'><m:version>‹1.2.3›</m:version></m:project>\n",
        ],
    );
}

#[test]
fn pubspec() {
    table(
        "pubspec.yaml",
        &[
            "name: a\nversion: ‹1.2.3› # ü\n\ndependencies:\n  b: 1.2.3\n  version: ^1.2.3\n",
            "name: a\nversion: ‹1.2.3›+7\nenvironment:\n  sdk: '>=1.2.3 <4.0.0'\n",
            "version: '‹1.2.3-beta.1›+42'\n",
        ],
    );
    in_all_shapes(&named("pubspec.yaml"), "version: ‹1.2.3+7›\n", "1.3.0+8");
}

#[test]
fn version_txt() {
    table("version.txt", &["‹1.2.3›\n", "v‹1.2.3›\n", "\n  ‹1.2.3› \t\n\n", "‹›", "‹2024.01›\n"]);
    table("docker/VERSION", &["‹1.2.3›\n"]);
}

#[test]
fn cargo_lock() {
    table(
        "Cargo.lock",
        &[
            "# @generated\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"‹1.2.3›\"\ndependencies = [\n \"b\",\n \"a 0.9.0\",\n \"c ‹1.2.3›\",\n]\n\n[[package]]\nname = \"a\"\nversion = \"0.9.0\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"c\"\nversion = \"‹1.2.3›\"\n\n[[package]]\nname = \"d\"\nversion = \"0.1.0\"\n",
            "[[package]]\nname = \"a\"\nversion = \"‹0.5.0›\"\n\n[[package]]\nname = \"b\"\nversion = \"0.5.0\"\nsource = \"registry+x\"\n",
        ],
    );
}

#[test]
fn marked_lines() {
    table(
        "src/version.py",
        &[
            "OLD = \"1.2.3\"\nVERSION = \"‹1.2.3›\"  # x-pointsman-version\nOTHER = \"1.2.3\"\n",
            "postgres 14.1.0, app ‹1.2.3›, and again ‹1.2.3› <!-- x-pointsman-version -->\n",
            "url = app-‹1.2.3›-linux-amd64.tar.gz // x-release-please-version ü\n",
            "1.2.3\n// x-pointsman-start-version\nä ‹1.2.3›\nnone\nb ‹0.9.0›\n// x-pointsman-end\n1.2.3\n",
            "<!-- x-release-please-start-version -->\n`cargo add a@‹1.2.3›`\n<!-- x-release-please-end -->\n1.2.3\n",
        ],
    );
    for (text, to) in [
        (
            "MAJOR = ‹1|2› # x-release-please-major\nMINOR2 = ‹2|5› /* x-pointsman-minor */\nP = 9 ‹3|7› # x-release-please-patch\n",
            "2.5.7",
        ),
        (
            "# x-release-please-start-major\nuses: acme/app@v1\nversion: ‹1|2›\n# x-release-please-end\n",
            "2.5.7",
        ),
    ] {
        let (before, after) = both(text, to);
        let edited = edit(&named("x"), &before, Some(&version(FROM)), &version(to)).unwrap();
        assert_eq!(edited.content, after);
    }
}

#[test]
fn pointers() {
    for (path, pointer, text) in [
        ("a.json", "$.app.version", "{\"version\": \"1.2.3\", \"app\": {\"version\": \"‹1.2.3›\"}} // ü\n"),
        ("a.json", "$.images[1].tag", "{\"images\": [{\"tag\": \"1.2.3\"}, {\"tag\": \"v‹1.2.3›\"}]}\n"),
        ("a.json", "$.v", "{\"v\": \"‹\\u00761.2.3›\"}\n"),
        ("a.toml", "$.a.b[0].version", "# ü\n[[a.b]]\nversion = '‹1.2.3›'\n[[a.b]]\nversion = '1.2.3'\n"),
        ("a.toml", "$['a b'][\"c.d\"]", "\"a b\".\"c.d\" = \"‹1.2.3›\"\n"),
        ("a.yml", "$.image", "image: ghcr.io/acme/a-9.9.9:‹1.2.3›-alpine.x # ü 1.2.3\n"),
        ("a.yaml", "$.spec.version", "a: 1.2.3\n---\nspec:\n  - x\n---\n# ü\nspec: {version: \"‹1.2.3›\"}\n"),
        ("uv.lock", "$.package[0].version", "[[package]]\nversion = \"‹1.2.3›\"\n"),
        ("flake.lock", "$.v", "{\"v\": \"‹1.2.3›\"}\n"),
        ("v.yaml", "$.v", "v: |\n  ‹1.2.3›\n"),
    ] {
        in_all_shapes(&VersionFile { pointer: Some(pointer.into()), ..named(path) }, text, TO);
    }
}

#[test]
fn regexes() {
    for (regex, text) in [
        ("version: ([0-9.]+)", "version: ‹1.2.3›, version: ‹0.1.0›; 1.2.3\nü version: ‹9.9.9›\n"),
        (r"(?m)^tag=v(\S+)", "x\ntag=v‹1.2.3-beta.1›\nother tag=v1.2.3\n"),
    ] {
        let file = VersionFile { regex: Some(regex.into()), ..named("README.md") };
        in_all_shapes(&file, text, TO);
    }
}

#[test]
fn every_place_is_told_with_its_line() {
    let (before, _) = both("a: b\r\nversion: ‹1.2.3›\r\nappVersion: v‹1.2.3›\r\n", TO);
    let edited = edit(&named("Chart.yaml"), &before, None, &version(TO)).unwrap();
    let told: Vec<_> =
        edited.places.iter().map(|place| (place.line, &*place.before, &*place.after)).collect();
    assert_eq!(told, [(2, "1.2.3", "1.3.0"), (3, "1.2.3", "1.3.0")]);
}
