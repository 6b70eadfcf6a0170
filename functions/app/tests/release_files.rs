//! `pointsman release set-version`, run as a user runs it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A folder, and what the command does in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path().join(name), content).unwrap();
        self.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Exit status, stdout, stderr.
    fn run(&self, path: &str, to: &str, more: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(["release", "set-version", path, "--to", to]).args(more);
        let output = command.current_dir(self.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn ok(&self, path: &str, to: &str, more: &[&str]) -> String {
        let (status, out, err) = self.run(path, to, more);
        assert_eq!((status, &*err), (Some(0), ""));
        out
    }
}

#[test]
fn it_rewrites_a_file_in_place_and_prints_each_place() {
    let folder = Folder::new();
    let chart =
        folder.file("Chart.yaml", "# ü\r\nversion: 1.2.3 # version\r\nappVersion: \"1.2.3\"\r\nname: x");
    fs::set_permissions(&chart, fs::Permissions::from_mode(0o640)).unwrap();
    let text = folder.ok("Chart.yaml", "1.3.0", &[]);
    assert_eq!(text, "Chart.yaml: 1.2.3 -> 1.3.0 (line 2)\nChart.yaml: 1.2.3 -> 1.3.0 (line 3)\n");
    let wanted = "# ü\r\nversion: 1.3.0 # version\r\nappVersion: \"1.3.0\"\r\nname: x";
    assert_eq!(fs::read_to_string(&chart).unwrap(), wanted);
    assert_eq!(fs::metadata(&chart).unwrap().permissions().mode() & 0o777, 0o640);
    let again = folder.ok("Chart.yaml", "1.3.0", &[]);
    assert_eq!(again, "Chart.yaml: it has the version 1.3.0 already\n");
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["Chart.yaml"], "no data folder and nothing left over");
}

#[test]
fn its_json_says_what_changed_and_a_dry_run_writes_nothing() {
    let folder = Folder::new();
    let lock =
        "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n";
    let path = folder.file("Cargo.lock", lock);
    let told = folder.ok("Cargo.lock", "2.1.0-rc.1", &["--package", "b", "--dry-run", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let places = serde_json::json!([{"line": 7, "before": "2.0.0", "after": "2.1.0-rc.1"}]);
    let wanted = serde_json::json!({
        "path": "Cargo.lock", "before": "2.0.0", "after": "2.1.0-rc.1", "changed": true, "places": places
    });
    assert_eq!(told, wanted);
    assert_eq!(fs::read_to_string(path).unwrap(), lock);
}

#[test]
fn a_link_stays_a_link() {
    let folder = Folder::new();
    folder.file("version.txt", "v1.2.3\n");
    std::os::unix::fs::symlink("version.txt", folder.path().join("VERSION")).unwrap();
    folder.ok("VERSION", "2.0.0", &[]);
    assert_eq!(folder.text("version.txt"), "v2.0.0\n");
    assert!(fs::symlink_metadata(folder.path().join("VERSION")).unwrap().is_symlink());
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_the_file_alone() {
    let folder = Folder::new();
    folder.file("package.json", "{\n  \"version\": 7\n}\n");
    folder.file("README.md", "1.2.3\n");
    folder.file("version.txt", [0xff, 0xfe]);
    for (path, told) in [
        ("package.json", "error: package.json:2: `version` is no text: write it as \"1.2.3\"\n"),
        (
            "README.md",
            "error: README.md: no line is marked: write `x-pointsman-version` in a comment on the version's line, or say where it stands with a `pointer` or a `regex` under `version_files`\n",
        ),
        ("version.txt", "error: version.txt is no UTF-8 text: a version file is\n"),
        ("gone", "error: gone cannot be read: No such file or directory (os error 2)\n"),
        (".", "error: . is no file: name the version file itself, such as ./Cargo.toml\n"),
    ] {
        assert_eq!(folder.run(path, "2.0.0", &[]), (Some(1), String::new(), told.to_owned()));
    }
    let (status, _, told) = folder.run("README.md", "1.0.0-rc.1+x y", &[]);
    assert_eq!(status, Some(2));
    assert!(told.contains("write it as 1.3.0 or 1.3.0-rc.1"), "{told}");
    assert_eq!(folder.text("README.md"), "1.2.3\n");
}
