//! What fuzzing begins with: GitHub's own payloads, recorded triggers, what the documentation shows, one of each version file.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs, io,
    path::{Path, PathBuf},
};

/// No seed is longer: what is small is tried more often.
const LONGEST: usize = 12_000;

/// Of every event the shortest payload.
fn payloads() -> Vec<(String, Vec<u8>)> {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for set in ["github", "derived"] {
        for event in
            entries(&root().join("tests/fixtures").join(set)).into_iter().filter(|path| path.is_dir())
        {
            let name = event.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for file in
                entries(&event).iter().filter(|path| path.to_string_lossy().ends_with(".payload.json"))
            {
                let bytes = fs::read(file).unwrap_or_default();
                let known = found.entry(name.clone()).or_insert_with(|| bytes.clone());
                if bytes.len() < known.len() {
                    *known = bytes;
                }
            }
        }
    }
    found.into_iter().filter(|(_, bytes)| bytes.len() <= LONGEST).collect()
}

/// The house's folder.
pub fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.ancestors().nth(2).map(Path::to_owned).unwrap_or(package)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    all.sort();
    all
}

/// The blocks of this language in a page.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap_or_default();
    let opened = format!("```{language}\n");
    text.split(&opened).skip(1).filter_map(|rest| Some(rest.split("```").next()?.to_owned())).collect()
}

fn recorded() -> Vec<Vec<u8>> {
    entries(&root().join("tests/fixtures/events")).iter().filter_map(|file| fs::read(file).ok()).collect()
}

/// The seeds of this target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let text = |all: &[&str]| all.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "signature" => text(&[
            "github\nX-Hub-Signature-256: sha256=00ff\nContent-Type: application/json\n\n{}",
            "stamped\nX-Signature: t=1795262400,v1=00ff\n\nbody",
            "based\nX-Signature: AAAA\n\n{\"event\":\"a\"}",
            "token\nX-Token: wrong\n\n{}",
            "standard\nwebhook-id: id\nwebhook-timestamp: 1795262400\nwebhook-signature: v1,AAAA\n\n{}",
            "signed\nX-Signature-Ed25519: 00\nX-Signature-Timestamp: 1795262400\n\n{}",
        ]),
        "event" => events(),
        "session" => {
            text(&["acme/web/pull_request/7\nacme/web/pull_request/8", "%\n%25", "{owner}/{/number}\n"])
        }
        "configuration" => {
            let pages = ["docs/configuration.md", "README.md", "docs/operations.md", "docs/releases.md"];
            pages.iter().flat_map(|page| blocks(page, "yaml")).map(String::into_bytes).collect()
        }
        "settings" => blocks("docs/releases.md", "yaml").into_iter().map(String::into_bytes).collect(),
        "message" => text(&[
            "feat(api)!: a thing (#12)\n\nbody\n\nBREAKING CHANGE: all\nRefs: #1\n",
            "Revert \"feat: a\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.",
            "fix: b\n\nBEGIN_COMMIT_OVERRIDE\nfeat: c\nEND_COMMIT_OVERRIDE",
            "Merge pull request #3 from a/b\n\nfix: d\n\nBEGIN_NESTED_COMMIT\nfix: e\nEND_NESTED_COMMIT",
        ]),
        "files" => text(FILES),
        "archived" => text(&[
            "pointsman {\"pointsman-event\":\"push\",\"pointsman-delivery\":\"13cfa000-e5a3-11f1-8080-0123456789ab\",\"pointsman-hook\":\"42\",\"pointsman-received\":\"2026-11-21T12:00:01Z\",\"x-github-event\":\"push\",\"content-type\":\"application/json\"}\n{\"ref\":\"refs/heads/main\"}",
            "pointsman-size 3\n\u{1f}",
        ]),
        "lambda" => recorded(),
        "azure" => text(&[
            r#"{"Data":{"message":{"n":1}},"Metadata":{"MessageId":"\"1-id\"","SessionId":"\"a/b\"","SequenceNumber":"1","DeliveryCount":"1","LockToken":"\"lock-1\"","ApplicationProperties":{"type":"t"}}}"#,
            r#"{"Data":{"messages":"[\"a\",{\"n\":2}]"},"Metadata":{"MessageIdArray":["1","2"],"SessionIdArray":["s","s"],"DeliveryCountArray":"[1,1]","SequenceNumberArray":[1,2],"LockTokenArray":["x","y"]}}"#,
            r#"{"Data":{"timer":{"Schedule":{},"IsPastDue":false}},"Metadata":{}}"#,
        ]),
        _ => Vec::new(),
    }
}

const FILES: &[&str] = &[
    "Cargo.toml\n[package]\nname = \"a\"\nversion = \"1.2.3\"\n",
    "Cargo.toml\n[workspace.package]\nversion = \"1.2.3\"\n[workspace.dependencies]\na = { path = \"a\", version = \"=1.2.3\" }\n",
    "Cargo.lock\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n",
    "package.json\n{\"name\": \"a\", \"version\": \"1.2.3\"}",
    "package-lock.json\n{\"name\": \"a\", \"version\": \"1.2.3\", \"lockfileVersion\": 3, \"packages\": {\"\": {\"version\": \"1.2.3\"}}}",
    "pyproject.toml\n[project]\nversion = \"1.2.3\"\n[tool.poetry]\nversion = \"1.2.3\"\n",
    "Chart.yaml\nversion: 1.2.3\nappVersion: \"v1.2.3\"\n",
    "composer.json\n{\"version\": \"1.2.3\"}",
    "pom.xml\n<project><parent><version>9</version></parent><version>1.2.3</version></project>",
    "pubspec.yaml\nname: a\nversion: 1.2.3+7\n",
    "version.txt\nv1.2.3\n",
    "app.json $.app.version\n{\"app\": {\"version\": \"1.2.3\"}}",
    "app.yaml $.app.version\napp:\n  version: '1.2.3' # x\n",
    "README.md version (\\S+)\nversion 1.2.3\n",
    "README.md\na 1.2.3 <!-- x-pointsman-version -->\n",
];

fn events() -> Vec<Vec<u8>> {
    let github = payloads().into_iter().map(|(event, bytes)| {
        let mut seed = format!("github {event}\n").into_bytes();
        seed.extend(bytes);
        seed
    });
    let other = [
        &b"based x\n{\"event\":\"a.b\",\"id\":7,\"project\":{\"path\":\"a/b\"}}"[..],
        b"token made x-1 json 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n{\"a\":[1,null]}",
        b"github push 6ba7b810-9dad-41d1-80b4-00c04fd430c8 form\npayload=%7B%22ref%22%3A%22x%22%7D",
    ];
    github.chain(other.map(<[u8]>::to_vec)).collect()
}

/// The words of the target's seeds, as libFuzzer's dictionary.
fn words(target: &str) -> String {
    let word = |c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c));
    let mut found = BTreeSet::new();
    for seed in of(target) {
        let text = String::from_utf8_lossy(&seed).into_owned();
        found.extend(text.split(word).filter(|it| (2..=24).contains(&it.len())).map(str::to_owned));
    }
    found.iter().take(800).map(|word| format!("\"{word}\"\n")).collect()
}

/// Writes a target's seeds into `folder/seeds`, and its words into `folder/words`.
pub fn write(target: &str, folder: &Path) -> io::Result<()> {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds)?;
    for (nth, seed) in of(target).iter().enumerate() {
        fs::write(seeds.join(format!("{nth:03}")), seed)?;
    }
    fs::write(folder.join("words"), words(target))
}
