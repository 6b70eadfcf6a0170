//! Finds the configuration file, reads it, checks it and its secrets: all faults at once.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use pointsman_core::{
    config::{self, Checked, Config, FILE, Fault, Faults, LONGEST, Mark, PlacedSecret},
    port::Secrets,
};

use crate::{EnvSecrets, generated_secret, places};

/// Names the configuration file, where no `--config` does.
const VARIABLE: &str = "POINTSMAN_CONFIG";

/// What the command line says of the configuration; the rest comes from the file.
#[derive(Debug, Clone, Default)]
pub struct Loader {
    /// `--config`: the file. Default: `POINTSMAN_CONFIG`, else `./pointsman.yaml` if it is there, else none.
    pub config: Option<PathBuf>,
    /// `--data`: instead of the file's `data`.
    pub data: Option<PathBuf>,
    /// `--listen`: instead of the file's `listen`.
    pub listen: Option<SocketAddr>,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This file.
    File(PathBuf),
    /// None: the defaults.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::BuiltIn => f.write_str("no configuration file"),
        }
    }
}

/// A configuration that can be run with.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration, the command line's words included.
    pub config: Config,
    /// What is doubtful in the file.
    pub warnings: Vec<Fault>,
    /// Where it comes from.
    pub origin: Origin,
    /// Every secret that it names, with its place in the file.
    pub named: Vec<PlacedSecret>,
    /// Reads those of this machine.
    pub secrets: EnvSecrets,
    /// The file's bytes.
    pub(crate) text: Vec<u8>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file has faults: all of them.
    #[error("{0}")]
    Faulty(Faults),
    /// There is no such file, or it cannot be read.
    #[error("the configuration file {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The environment says where something is, in a way that cannot be.
    #[error("the environment variable {name} is wrong: {fault}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// No secret is configured, and none could be made.
    #[error("a webhook secret cannot be made in {}: {cause}; choose another folder with --data, or configure `secrets`", data.display())]
    NoSecret {
        /// The data folder.
        data: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl Loader {
    /// Where the configuration comes from.
    pub fn origin(&self) -> Origin {
        let named = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let usual = || Some(PathBuf::from(FILE)).filter(|path| path.exists());
        self.config.clone().or_else(named).or_else(usual).map_or(Origin::BuiltIn, Origin::File)
    }

    /// Loads it. Without a file, or with an empty one, a webhook secret is made in the data folder where there is none.
    pub async fn load(&self) -> Result<Loaded, LoadError> {
        match self.origin() {
            Origin::BuiltIn => self.built_in(Origin::BuiltIn, Vec::new()),
            Origin::File(path) => {
                let text =
                    read(&path).map_err(|cause| LoadError::Unreadable { path: path.clone(), cause })?;
                self.checked(path, text).await
            }
        }
    }

    /// What these bytes of the file say.
    pub(crate) async fn checked(&self, path: PathBuf, text: Vec<u8>) -> Result<Loaded, LoadError> {
        let name = path.display().to_string();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let secrets = EnvSecrets::new(folder);
        let parsed = decode(&text).and_then(config::parse);
        let named = parsed.as_ref().map_or_else(|faults| &faults.secrets, |checked| &checked.secrets);
        let unreadable = unreadable(&secrets, named).await;
        let Checked { config, warnings, empty, secrets: named } = match parsed {
            Ok(checked) if unreadable.is_empty() => checked,
            Ok(_) => return Err(LoadError::Faulty(Faults::new(name, unreadable))),
            Err(faults) => return Err(LoadError::Faulty(faults.and(unreadable).in_file(name))),
        };
        if empty {
            return self.built_in(Origin::File(path), text);
        }
        let mut config = self.over(config);
        places(&mut config)?;
        Ok(Loaded { config, warnings, named, origin: Origin::File(path), secrets, text })
    }

    fn built_in(&self, origin: Origin, text: Vec<u8>) -> Result<Loaded, LoadError> {
        let data = self.over(Config::default()).data;
        let secret = generated_secret(&data).map_err(|cause| LoadError::NoSecret { data, cause })?;
        let config = self.over(Config::without_file(&secret));
        Ok(Loaded {
            config,
            warnings: Vec::new(),
            named: Vec::new(),
            origin,
            secrets: EnvSecrets::new("."),
            text,
        })
    }

    /// The command line's words over the file's.
    fn over(&self, mut config: Config) -> Config {
        config.data = self.data.clone().unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        config
    }
}

/// A fault for each secret that cannot be had on this machine. What lies in a cloud is not asked for: a function that
/// starts makes no call.
async fn unreadable(secrets: &EnvSecrets, named: &[PlacedSecret]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let cloud = |it: &&PlacedSecret| it.reference.in_a_cloud();
    for PlacedSecret { reference, path, at } in named.iter().filter(|it| !cloud(it)) {
        if let Err(error) = secrets.get(reference).await {
            faults.push(Fault::new(path, *at, error.to_string()));
        }
    }
    faults
}

/// The file's bytes; of one that is too long only as many as show it.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST as u64 + 16).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<&str, Faults> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let fault = Fault::new("", Mark { line, column }, "the file is not UTF-8 from here on");
        Faults::new(FILE, vec![fault.hint("save it as UTF-8")])
    })
}
