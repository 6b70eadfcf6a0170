//! Which file is loaded, and what is told when it cannot be.

use std::{env, fs, path::Path, process::Command};

use pointsman_core::port::Secrets;
use pointsman_env::{LoadError, Loader, Origin};

const GOOD: &str =
    "sources: { github: { secrets: [\"file:secret\"] } }\nsubscriptions: [{ name: all, events: [\"*\"] }]\n";

fn loader(file: &Path) -> Loader {
    Loader { config: Some(file.into()), ..Loader::default() }
}

#[tokio::test]
async fn a_file_is_loaded_with_secrets_beside_it_and_the_command_line_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    fs::write(&file, format!("listen: 127.0.0.1:1\ndata: there\n{GOOD}")).unwrap();
    fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let loaded = loader(&file).load().await.unwrap();
    let shown =
        |loaded: &pointsman_env::Loaded| format!("{} {}", loaded.config.listen, loaded.config.data.display());
    assert_eq!((shown(&loaded), &loaded.origin), ("127.0.0.1:1 there".into(), &Origin::File(file.clone())));
    let secret = loaded.secrets.get(&loaded.config.sources["github"].secrets[0]).await.unwrap();
    assert_eq!(secret[0].expose(), b"hunter2");
    let over =
        Loader { data: Some("here".into()), listen: Some("127.0.0.1:2".parse().unwrap()), ..loader(&file) };
    assert_eq!(shown(&over.load().await.unwrap()), "127.0.0.1:2 here");
}

#[tokio::test]
async fn faults_of_the_file_and_of_its_secrets_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    fs::write(&file, format!("{GOOD}lisen: 127.0.0.1:1\n")).unwrap();
    let told = loader(&file).load().await.unwrap_err().to_string();
    let (shown, folder) = (file.display(), folder.path().display());
    let expected = format!(
        "{shown}:1:32: sources.github.secrets[0]: there is no file {folder}/secret: put the secret there\n\
         {shown}:3:1: lisen: this key is unknown\n    did you mean `listen`?"
    );
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_as_text_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.yaml");
    let error = loader(&file).load().await.unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }), "{error}");
    fs::write(&file, b"data: a\n# \xff\n").unwrap();
    let told = loader(&file).load().await.unwrap_err().to_string();
    assert!(told.contains(":2:3: the file is not UTF-8 from here on"), "{told}");
    fs::write(&file, "#".repeat(3 << 20)).unwrap();
    let told = loader(&file).load().await.unwrap_err().to_string();
    assert!(told.contains("the file is longer than"), "{told}");
}

/// The file that every function is packed with.
#[tokio::test]
async fn the_packed_configuration_of_aws_loads_without_a_call_and_without_places() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../infra/aws/config/pointsman.yaml");
    let loaded = loader(&file).load().await.unwrap();
    assert!(loaded.config.is_aws() && loaded.config.aws.is_some_and(|aws| aws.prefix == "pointsman-"));
}

#[tokio::test]
async fn an_empty_file_is_as_none_with_a_generated_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("p.yaml"), folder.path().join("data"));
    fs::write(&file, "# to be written\n").unwrap();
    let loaded = Loader { data: Some(data.clone()), ..loader(&file) }.load().await.unwrap();
    assert_eq!(loaded.config.data, data);
    let secret = loaded.secrets.get(&loaded.config.sources["github"].secrets[0]).await.unwrap();
    assert_eq!(secret[0].expose().len(), 64);
    fs::write(folder.path().join("file"), "").unwrap();
    let nowhere = Loader { data: Some(folder.path().join("file/data")), ..loader(&file) }.load().await;
    assert!(matches!(nowhere, Err(LoadError::NoSecret { .. })));
}

/// Runs itself again in another folder and environment, since a test must not change its own.
#[test]
fn the_file_is_the_command_lines_else_the_variables_else_the_usual_one() {
    if let Ok(expected) = env::var("EXPECTED_ORIGIN") {
        assert_eq!(Loader::default().origin().to_string(), expected);
        assert_eq!(loader(Path::new("x")).origin().to_string(), "x");
        return;
    }
    let (empty, usual) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(usual.path().join("pointsman.yaml"), "").unwrap();
    let cases = [
        (&empty, None, "no configuration file"),
        (&usual, None, "pointsman.yaml"),
        (&usual, Some(""), "pointsman.yaml"),
        (&usual, Some("elsewhere.yaml"), "elsewhere.yaml"),
    ];
    for (folder, variable, expected) in cases {
        let mut again = Command::new(env::current_exe().unwrap());
        again.args(["--exact", "the_file_is_the_command_lines_else_the_variables_else_the_usual_one"]);
        again.current_dir(folder.path()).env("EXPECTED_ORIGIN", expected).env_remove("POINTSMAN_CONFIG");
        variable.map(|value| again.env("POINTSMAN_CONFIG", value));
        let output = again.output().unwrap();
        assert!(output.status.success(), "{expected}: {}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
}
