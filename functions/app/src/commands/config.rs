//! `pointsman config check|show|schema`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use pointsman_core::config::{self, Config, Fault, Faults, PlacedSecret};
use pointsman_env::{LoadError, Loaded};
use serde::Serialize;

use crate::{
    context::Context,
    print::{self, BAD, GOOD},
    store::secrets,
};

/// Words of `config`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Tell every fault, unreadable secrets among them; exit status 1 if there is one
    Check,
    /// The configuration in force with every default written out, and no secret
    Show,
    /// The file's JSON Schema, for editors
    Schema,
}

#[derive(Serialize)]
struct Report<'a> {
    file: String,
    faults: &'a [Fault],
    warnings: &'a [Fault],
}

/// Does it.
pub async fn run(action: Action, context: &Context) -> Result<ExitCode> {
    match action {
        Action::Check => return check(context).await,
        Action::Show => show(&context.config()?, context.json)?,
        Action::Schema => print::result(true, &config::schema(), String::new)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(context: &Context) -> Result<ExitCode> {
    match context.loader(None).load().await {
        Ok(loaded) => {
            let unreadable = in_the_cloud(&loaded).await?;
            if !unreadable.is_empty() {
                return faulty(&Faults::new(loaded.origin.to_string(), unreadable), context);
            }
            let report = Report { file: loaded.origin.to_string(), faults: &[], warnings: &loaded.warnings };
            print::result(context.json, &report, || {
                let lines = report.warnings.iter().map(|warning| format!("{}:{warning}\n", report.file));
                let doubts: String = lines.collect();
                format!("{doubts}{GOOD}no faults{GOOD:#}: {}\n", report.file)
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(LoadError::Faulty(faults)) => faulty(&faults, context),
        Err(error) => Err(error.into()),
    }
}

fn faulty(faults: &Faults, context: &Context) -> Result<ExitCode> {
    let report = Report { file: faults.file.clone(), faults: &faults.faults, warnings: &[] };
    print::result(context.json, &report, || told(faults))?;
    Ok(ExitCode::FAILURE)
}

/// A fault for each secret that lies in a cloud and cannot be read from there: the loader asks for none. A program
/// without AWS asks neither, and says so.
pub async fn in_the_cloud(loaded: &Loaded) -> Result<Vec<Fault>> {
    let cloud = |it: &&PlacedSecret| it.reference.in_a_cloud();
    let named: Vec<_> = loaded.named.iter().filter(cloud).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let (cloud, built) = match loaded.config.is_azure() {
        true => ("Azure", cfg!(feature = "azure")),
        false => ("AWS", cfg!(feature = "aws")),
    };
    if !built {
        let count = named.len();
        tracing::warn!(
            "{count} secrets of {cloud} are not looked at: this program was built without {cloud}"
        );
        return Ok(Vec::new());
    }
    let secrets = secrets(&loaded.config, loaded.secrets.clone()).await?;
    let mut faults = Vec::new();
    for PlacedSecret { reference, path, at } in named {
        if let Err(error) = secrets.get(reference).await {
            faults.push(Fault::new(path, *at, error.to_string()));
        }
    }
    Ok(faults)
}

fn told(faults: &Faults) -> String {
    let count = faults.faults.len();
    let what = if count == 1 { "fault" } else { "faults" };
    format!("{faults}\n{BAD}{count} {what}{BAD:#}\n")
}

fn show(config: &Config, json: bool) -> Result<()> {
    let shown = config.shown();
    print::result(json, &shown, || config::to_yaml(&shown))
}
