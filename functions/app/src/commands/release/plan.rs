//! `pointsman release plan`: what would be released, and why. Writes nothing.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use jiff::Timestamp;
use pointsman_core::release::{
    Plan, Settings, Source,
    plan::{self, Counted, Release, Wishes},
    settings,
};
use pointsman_github::Slug;

use super::{clone::Clone, github};
use crate::{
    context::Context,
    print::{self, BAD, BOLD, DIM},
};

/// Words of `release plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A git clone's folder, or a repository on GitHub such as octocat/hello-world
    #[arg(long, value_name = "PATH|OWNER/NAME", default_value = ".")]
    repo: String,
    /// The branch that would be released [default: the one that is checked out; on GitHub the default branch]
    #[arg(long, value_name = "BRANCH")]
    target: Option<String>,
    #[command(flatten)]
    github: github::Access,
}

/// Does it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let plan = if Path::new(&args.repo).is_dir() {
        of_clone(&args).await?
    } else {
        of_github(&args, context).await?
    };
    for warning in &plan.warnings {
        anstream::eprintln!("{BAD}warning:{BAD:#} {}", print::clean(warning));
    }
    print::result(context.json, &plan, || told(&plan))
}

async fn of_clone(args: &Args) -> Result<Plan> {
    let clone = Clone::open(Path::new(&args.repo), args.target.as_deref()).await?;
    let mut plan = draft(&clone, clone.branch.as_deref(), &Wishes::default()).await?;
    if clone.shallow {
        let doubt = "this clone is shallow: tags may be missing; `git fetch --unshallow --tags` brings them";
        plan.warnings.insert(0, doubt.into());
    }
    Ok(plan)
}

async fn of_github(args: &Args, context: &Context) -> Result<Plan> {
    let slug: Slug = args.repo.parse().map_err(|_| {
        let repo = print::clean(&args.repo);
        anyhow!("--repo {repo}: there is no such folder, and it is no repository's name such as octocat/hello-world")
    })?;
    let place = github::open(slug, args.target.as_deref(), &args.github, context).await?;
    draft(&place.source, Some(&place.branch), &place.wishes).await
}

/// Plans by the settings at the head as they hold on its branch, and tells what is doubtful about them.
async fn draft(source: &dyn Source, branch: Option<&str>, wishes: &Wishes) -> Result<Plan> {
    let (mut settings, mut doubts) = match source.read(settings::FILE).await? {
        Some(text) => match settings::read(&text, settings::FILE) {
            Ok(checked) => {
                let told = |fault| format!("{}:{fault}", settings::FILE);
                (checked.settings, checked.warnings.iter().map(told).collect())
            }
            Err(faults) => bail!("the repository's settings have faults\n{faults}"),
        },
        None => (Settings::default(), Vec::new()),
    };
    if let Some(branch) = branch {
        match settings.for_target(branch) {
            Some(held) => settings = held,
            None => {
                let doubt = "is none of the settings' targets: this is what it would release as one";
                doubts.push(format!("`{branch}` {doubt}"));
            }
        }
    }
    let mut plan = plan::draft(source, &settings, wishes, Timestamp::now()).await?;
    plan.warnings.splice(0..0, doubts);
    Ok(plan)
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
