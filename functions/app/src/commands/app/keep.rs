//! Where the App's key, its secret and the configuration are kept: beside each other, and nothing is lost.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use pointsman_core::{
    config::{self, Config, FILE},
    port::Secret,
};
use pointsman_env::Origin;
use pointsman_github::{BaseUrl, Conversion};
use serde::Serialize;
use tempfile::NamedTempFile;
use uuid::Uuid;

/// The private key's file.
const KEY: &str = "app.pem";
/// The webhook secret's file.
const SECRET: &str = "app-webhook-secret";

/// The configuration file and its folder.
#[derive(Debug)]
pub struct Place {
    file: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// The files that were written.
    pub files: Vec<String>,
    /// Whether the configuration is among them.
    pub configured: bool,
    /// What the configuration says of the App, or should.
    pub configuration: String,
    /// What to do with it.
    pub advice: String,
    /// The source that is bound to the App.
    pub source: String,
    /// The secret's file.
    pub secret: String,
    /// Whether GitHub knows the secret.
    pub secret_is_githubs: bool,
}

impl Place {
    /// Beside the configuration, which need not be there yet.
    pub fn new(origin: Origin) -> Self {
        match origin {
            Origin::File(file) => Self { file },
            Origin::BuiltIn => Self { file: FILE.into() },
        }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder().map_or_else(|| name.into(), |folder| folder.join(name))
    }

    fn folder(&self) -> Option<&Path> {
        self.file.parent().filter(|folder| !folder.as_os_str().is_empty())
    }

    /// Before GitHub is asked, since it tells the key once: the files can be written, and none is there.
    pub fn has_room(&self, force: bool) -> Result<()> {
        let folder = self.folder().unwrap_or(Path::new("."));
        NamedTempFile::new_in(folder).with_context(|| {
            format!("nothing can be written in {}: go to a folder of yours", folder.display())
        })?;
        for file in [KEY, SECRET].map(|name| self.beside(name)) {
            if !force && file.try_exists()? {
                bail!(
                    "{} is there already and may be another App's: move it away, or overwrite it with --force",
                    file.display()
                );
            }
        }
        Ok(())
    }

    /// Keeps all of it, the key first.
    pub fn keep(&self, made: &Conversion, base: &BaseUrl, source: &str, force: bool) -> Result<Kept> {
        let (key, secret) = (self.beside(KEY), self.beside(SECRET));
        write(&key, made.private_key.expose(), force)?;
        let told = made.webhook_secret.clone();
        let own = || Secret::new(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()));
        write(&secret, told.clone().unwrap_or_else(own).expose(), force)?;
        let mut files = vec![key.display().to_string(), secret.display().to_string()];
        let fragment = fragment(made, base, source);
        let configured = self.configure(&fragment)?;
        let file = self.file.display().to_string();
        if configured {
            files.push(file.clone());
        }
        Ok(Kept {
            files,
            configured,
            advice: self.advice(source),
            configuration: fragment,
            source: source.to_owned(),
            secret: secret.display().to_string(),
            secret_is_githubs: told.is_some(),
        })
    }

    /// Writes the configuration, unless there is one: that is somebody's own, comments and all.
    fn configure(&self, fragment: &str) -> Result<bool> {
        let text =
            format!("# Pointsman's configuration; `pointsman config check` tells its faults.\n\n{fragment}");
        let folder = self.folder().unwrap_or(Path::new("."));
        let mut fresh = NamedTempFile::new_in(folder)?;
        fresh.write_all(text.as_bytes())?;
        fresh.as_file().sync_all()?;
        match fresh.persist_noclobber(&self.file) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => {
                Err(error.error).with_context(|| format!("{} cannot be written", self.file.display()))
            }
        }
    }

    /// How the fragment comes into a configuration that is there.
    fn advice(&self, source: &str) -> String {
        let file = self.file.display();
        let known = self.read().is_some_and(|config| config.sources.contains_key(source));
        if known {
            return format!(
                "{file} stays as it is. In its source `{source}`, `secrets` and `app` become these:"
            );
        }
        format!("{file} stays as it is. Add this to it:")
    }

    fn read(&self) -> Option<Config> {
        Some(config::parse(&fs::read_to_string(&self.file).ok()?).ok()?.config)
    }
}

/// What the configuration says of the App.
fn fragment(made: &Conversion, base: &BaseUrl, source: &str) -> String {
    let app = &made.app;
    let mut lines = vec![format!("id: {}", app.id), format!("private_key: \"file:{KEY}\"")];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !app.slug.is_empty() && app.slug.chars().all(plain) {
        lines.push(format!("slug: \"{}\"", app.slug));
    }
    if *base != BaseUrl::default() {
        lines.push(format!("base_url: {}", serde_json::Value::from(base.as_str())));
    }
    let lines: String = lines.iter().map(|line| format!("      {line}\n")).collect();
    format!(
        "sources:\n  {source}:\n    secrets: [\"file:{SECRET}\"]\n    app:\n{lines}release:\n  enabled: true\n"
    )
}

/// All or nothing, and for its owner's eyes only: a temporary file has the mode 0600 from the beginning.
fn write(path: &Path, content: &[u8], force: bool) -> Result<()> {
    let told = || format!("{} cannot be written", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = NamedTempFile::new_in(folder).with_context(told)?;
    fresh.write_all(content).with_context(told)?;
    if !content.ends_with(b"\n") {
        fresh.write_all(b"\n").with_context(told)?;
    }
    fresh.as_file().sync_all().with_context(told)?;
    let kept = if force { fresh.persist(path) } else { fresh.persist_noclobber(path) };
    kept.map(drop).map_err(|error| error.error).with_context(told)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn made(text: &str) -> Conversion {
        serde_json::from_str(text).unwrap()
    }

    const MADE: &str = r#"{"id":7,"slug":"p-acme","pem":"KEY\n","webhook_secret":"S","client_secret":"C"}"#;

    #[test]
    fn all_is_kept_for_its_owners_eyes_and_the_configuration_is_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(Origin::File(folder.path().join("p.yaml")));
        place.has_room(false).unwrap();
        let base = "https://git.acme.org/api/v3".parse().unwrap();
        let kept = place.keep(&made(MADE), &base, "hub", false).unwrap();
        assert!(kept.configured && kept.secret_is_githubs);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read(KEY), read(SECRET)), ("KEY\n".into(), "S\n".into()));
        for name in [KEY, SECRET] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(
            read("p.yaml"),
            r#"# Pointsman's configuration; `pointsman config check` tells its faults.

sources:
  hub:
    secrets: ["file:app-webhook-secret"]
    app:
      id: 7
      private_key: "file:app.pem"
      slug: "p-acme"
      base_url: "https://git.acme.org/api/v3"
release:
  enabled: true
"#
        );
        let config = config::parse(&read("p.yaml")).unwrap().config;
        assert_eq!(config.release_app().map(|(name, app)| (name, app.id)), Some(("hub", 7)));
    }

    #[test]
    fn nothing_that_is_there_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(Origin::File(folder.path().join("p.yaml")));
        let own = "sources: { hub: { secrets: [\"env:A\"] } } # mine\n";
        fs::write(folder.path().join("p.yaml"), own).unwrap();
        fs::write(folder.path().join(KEY), "old").unwrap();
        let error = place.has_room(false).unwrap_err().to_string();
        assert!(error.ends_with(
            "app.pem is there already and may be another App's: move it away, or overwrite it with --force"
        ));
        let base = BaseUrl::default();
        assert!(place.keep(&made(MADE), &base, "hub", false).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(KEY)).unwrap(), "old");
        place.has_room(true).unwrap();
        let kept = place.keep(&made(MADE), &base, "hub", true).unwrap();
        assert!(
            !kept.configured
                && kept.advice.ends_with("In its source `hub`, `secrets` and `app` become these:")
        );
        assert_eq!(fs::read_to_string(folder.path().join("p.yaml")).unwrap(), own);
        assert!(!kept.configuration.contains("base_url"));
    }

    #[test]
    fn an_app_without_a_secret_gets_one_and_a_strange_name_stays_out() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(Origin::File(folder.path().join("p.yaml")));
        let odd = made("{\"id\":7,\"slug\":\"x\\\"\\nadmin: true\",\"pem\":\"KEY\",\"webhook_secret\":null}");
        let kept = place.keep(&odd, &BaseUrl::default(), "github", false).unwrap();
        assert!(!kept.secret_is_githubs && !kept.configuration.contains("admin"));
        assert_eq!(fs::read_to_string(folder.path().join(SECRET)).unwrap().trim().len(), 64);
    }
}
