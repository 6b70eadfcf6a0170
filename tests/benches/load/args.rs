//! The words of `scripts/bench load`.

use std::{path::PathBuf, time::Duration};

/// How it is used.
pub const USAGE: &str = "usage: scripts/bench load [--target embedded|lambda|azure] [--minutes N] [--seconds N] [--seed N] [--rate N] \
     [--only sweep,burst,soak] [--picture FILE]";

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Embedded,
    Lambda,
    Azure,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Args {
    pub target: Target,
    /// Of the soak; ten minutes.
    pub soak: Duration,
    /// Of each step of the sweep and of a burst's third; ten seconds.
    pub step: Duration,
    pub seed: u64,
    /// Requests a second that count as the maximum; measured where it is not given.
    pub rate: Option<f64>,
    /// Which parts; all of them.
    pub only: Option<Vec<String>>,
    pub picture: Option<PathBuf>,
}

impl Args {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            target: Target::Embedded,
            soak: Duration::from_secs(600),
            step: Duration::from_secs(10),
            seed: 20_261_122,
            rate: None,
            only: None,
            picture: None,
        };
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{word}` wants a value"))?;
            let number = || value.parse::<f64>().map_err(|_| format!("`{value}` is no number"));
            match word.as_str() {
                "--target" => args.target = target(&value)?,
                "--minutes" => args.soak = Duration::from_secs_f64(number()? * 60.0),
                "--seconds" => args.step = Duration::from_secs_f64(number()?),
                "--seed" => args.seed = value.parse().map_err(|_| format!("`{value}` is no seed"))?,
                "--rate" => args.rate = Some(number()?),
                "--only" => args.only = Some(parts(&value)?),
                "--picture" => args.picture = Some(value.into()),
                _ => return Err(format!("`{word}` is unknown")),
            }
        }
        if args.picture.is_some() && !(args.wants("sweep") && args.wants("soak")) {
            return Err("a picture shows the sweep and the soak: ask for both".to_owned());
        }
        Ok(args)
    }

    /// Whether this part is asked for.
    pub fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|it| it == part))
    }
}

fn parts(words: &str) -> Result<Vec<String>, String> {
    let known = |word: &str| match word {
        "sweep" | "burst" | "soak" => Ok(word.to_owned()),
        _ => Err(format!("`{word}` is no part: sweep, burst, soak")),
    };
    words.split(',').map(known).collect()
}

fn target(word: &str) -> Result<Target, String> {
    match word {
        "embedded" => Ok(Target::Embedded),
        "lambda" => Ok(Target::Lambda),
        "azure" => Ok(Target::Azure),
        _ => Err(format!("`{word}` is no target")),
    }
}
