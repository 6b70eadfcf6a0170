//! `pointsman release plan`: what would be released, and why. Writes nothing.

use std::path::PathBuf;

use anyhow::{Result, bail};
use jiff::Timestamp;
use pointsman_core::release::{
    Plan, Settings, Source as _,
    plan::{self, Counted, Release, Wishes},
    settings,
};

use super::clone::Clone;
use crate::{
    context::Context,
    print::{self, BAD, BOLD, DIM},
};

/// Words of `release plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A git clone's folder
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
    /// The branch that would be released [default: the one that is checked out]
    #[arg(long, value_name = "BRANCH")]
    target: Option<String>,
}

/// Does it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let folder = PathBuf::from(&args.repo);
    if !folder.is_dir() {
        bail!("--repo {}: there is no such folder; give the path of a git clone", print::clean(&args.repo));
    }
    let clone = Clone::open(&folder, args.target.as_deref()).await?;
    let (settings, doubts) = wanted(&clone).await?;
    let mut plan = plan::draft(&clone, &settings, &Wishes::default(), Timestamp::now()).await?;
    plan.warnings.splice(0..0, doubts);
    if clone.shallow {
        let doubt = "this clone is shallow: tags may be missing; `git fetch --unshallow --tags` brings them";
        plan.warnings.insert(0, doubt.into());
    }
    for warning in &plan.warnings {
        anstream::eprintln!("{BAD}warning:{BAD:#} {}", print::clean(warning));
    }
    print::result(context.json, &plan, || told(&plan))
}

/// The settings at the head as they hold on its branch, and what is doubtful about that.
async fn wanted(clone: &Clone) -> Result<(Settings, Vec<String>)> {
    let (settings, mut doubts) = match clone.read(settings::FILE).await? {
        Some(text) => match settings::read(&text, settings::FILE) {
            Ok(checked) => {
                let told = |fault| format!("{}:{fault}", settings::FILE);
                (checked.settings, checked.warnings.iter().map(told).collect())
            }
            Err(faults) => bail!("the repository's settings have faults\n{faults}"),
        },
        None => (Settings::default(), Vec::new()),
    };
    let Some(branch) = &clone.branch else { return Ok((settings, doubts)) };
    if let Some(settings) = settings.for_target(branch) {
        return Ok((settings, doubts));
    }
    doubts.push(format!("`{branch}` is none of the settings' targets: this is what it would release as one"));
    Ok((settings, doubts))
}

fn told(plan: &Plan) -> String {
    if plan.releases.is_empty() {
        return "There is nothing to release.\n".into();
    }
    plan.releases.iter().map(release).collect::<Vec<_>>().join("\n")
}

fn release(release: &Release) -> String {
    let name = release.component.as_ref().map(|name| format!("{}: ", print::clean(name))).unwrap_or_default();
    let from = release.current.as_ref().map_or_else(|| "first release".into(), ToString::to_string);
    let (next, tag) = (&release.next, print::clean(&release.tag));
    let mut text = format!("{BOLD}{name}{from} -> {next}{BOLD:#} ({}), tag {tag}\n\n", release.bump.as_str());
    text += &print::table(
        &["commit", "counts", "change", "because"],
        &release.commits.iter().map(row).collect::<Vec<_>>(),
    );
    if !release.files.is_empty() {
        text.push('\n');
        let file = |file: &plan::Change| {
            vec![file.path.clone(), file.before.clone().unwrap_or_else(|| "-".into()), file.after.clone()]
        };
        text +=
            &print::table(&["file", "before", "after"], &release.files.iter().map(file).collect::<Vec<_>>());
    }
    text.push('\n');
    for line in release.changelog.lines() {
        text += &format!("{DIM}|{DIM:#} {}\n", print::clean(line));
    }
    text
}

fn row(counted: &Counted) -> Vec<String> {
    let message = &counted.message;
    let scope = message.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
    let mark = if message.breaking { "!" } else { "" };
    let kind = message.kind.as_ref().map(|kind| format!("{kind}{scope}{mark}: ")).unwrap_or_default();
    let change = print::cut(&format!("{kind}{}", message.description), 60);
    let counts = if counted.counted { counted.bump.as_str() } else { "no" };
    vec![counted.commit.sha.short().to_owned(), counts.to_owned(), change, counted.because.clone()]
}
