//! npm workspaces.

use super::*;

const LOCK: &str = r#"{
  "name": "root",
  "version": "‹1.2.3›",
  "lockfileVersion": 2,
  "packages": {
    "": { "name": "root", "version": "‹1.2.3›", "workspaces": ["packages/*"], "dependencies": { "left-pad": "1.2.3" } },
    "node_modules/@acme/a": { "resolved": "packages/a", "link": true },
    "node_modules/left-pad": { "version": "1.2.3", "dependencies": { "@acme/a": "1.2.3" } },
    "packages/a": { "name": "@acme/a", "version": "‹1.2.3›" },
    "packages/b": { "version": "0.1.0", "devDependencies": { "@acme/a": "^‹1.2.3›", "left-pad": "1.2.3" } }
  },
  "dependencies": {
    "@acme/a": { "version": "file:packages/a" },
    "b": { "version": "file:packages/b", "requires": { "@acme/a": "^‹1.2.3›" } },
    "left-pad": { "version": "1.2.3" }
  }
}
"#;

const FILES: [(&str, &str); 5] = [
    (
        "package.json",
        "{\n  \"name\": \"root\", \"version\": \"‹1.2.3›\",\n  \"workspaces\": [\"packages/*\", \"!packages/x\"],\n  \"dependencies\": {\"left-pad\": \"1.2.3\"}\n}\n",
    ),
    ("packages/a/package.json", "{\"name\": \"@acme/a\", \"version\": \"‹1.2.3›\"}"),
    (
        "packages/b/package.json",
        "{\r\n\t\"name\": \"b\",\r\n\t\"version\": \"0.1.0\",\r\n\t\"devDependencies\": {\"@acme/a\": \"^‹1.2.3›\", \"left-pad\": \"1.2.3\"},\r\n\t\"peerDependencies\": {\"@acme/a\": \"workspace:*\"},\r\n\t\"optionalDependencies\": {\"@acme/a\": \"1.2.x\"}\r\n}\r\n",
    ),
    ("packages/x/package.json", "{\"name\": \"x\", \"version\": \"1.2.3\"}"),
    ("package-lock.json", LOCK),
];

#[test]
fn a_workspace_moves_with_its_root_and_the_lock_file_says_the_same() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&FILES).becomes(&asked("", &from, &to), &[]);
    let files = [named("package.json"), named("package-lock.json")];
    Repository::new(&FILES).becomes(&Asked { configured: Some(&files), ..asked("", &from, &to) }, &[]);
}

#[test]
fn a_component_of_a_workspace_moves_alone() {
    let (from, to) = (version(FROM), version(TO));
    let files = [
        (
            "package.json",
            "{\"name\": \"root\", \"private\": true, \"workspaces\": {\"packages\": [\"packages/*\"]}}",
        ),
        ("packages/a/package.json", "{\"name\": \"a\", \"version\": \"‹1.2.3›\"}"),
        (
            "packages/b/package.json",
            "{\"name\": \"b\", \"version\": \"1.2.3\", \"dependencies\": {\"a\": \"workspace:^‹1.2.3›\"}}",
        ),
        (
            "package-lock.json",
            "{\"name\": \"root\", \"packages\": {\"\": {\"name\": \"root\"}, \"packages/a\": {\"name\": \"a\", \"version\": \"‹1.2.3›\"}, \"packages/b\": {\"name\": \"b\", \"version\": \"1.2.3\", \"dependencies\": {\"a\": \"workspace:^‹1.2.3›\"}}}}",
        ),
    ];
    let apart = ["packages/b".to_owned()];
    Repository::new(&files).becomes(&Asked { apart: &apart, ..asked("packages/a", &from, &to) }, &[]);
}

#[test]
fn pnpms_workspaces_are_known() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[
        ("package.json", "{\"name\": \"root\", \"private\": true}"),
        ("pnpm-workspace.yaml", "packages:\n  - 'apps/**'\n"),
        ("apps/deep/a/package.json", "{\"name\": \"a\", \"version\": \"‹1.2.3›\"}"),
        (
            "apps/b/package.json",
            "{\"name\": \"b\", \"version\": \"9.0.0\", \"dependencies\": {\"a\": \"workspace:~‹1.2.3›\"}}",
        ),
        ("apps/node_modules/c/package.json", "{\"name\": \"c\", \"version\": \"1.2.3\"}"),
    ])
    .becomes(&asked("", &from, &to), &[]);
}

#[test]
fn a_private_package_without_a_version_is_nothing_to_tell_of() {
    let (from, to) = (version(FROM), version(TO));
    Repository::new(&[("package.json", "{\"name\": \"tools\", \"private\": true}")])
        .becomes(&asked("", &from, &to), &[]);
    Repository::new(&[("package.json", "{\"name\": \"lib\"}")])
        .becomes(&asked("", &from, &to), &["package.json: it has no version: add one, such as \"0.0.0\""]);
}
