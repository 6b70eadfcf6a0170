//! A repository on GitHub as a release's source: read with somebody's token, as the configured App, or as anybody may.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow};
use pointsman_core::{
    port::{SecretRef, Secrets as _},
    release::{
        plan::Wishes,
        proposal::{Marker, PREFIX},
    },
};
use pointsman_env::{EnvSecrets, Origin, SystemClock};
use pointsman_github::{
    App, BaseUrl, Github, Identity, Ports, PullRequest, RefName, Repository, RepositorySource, Slug,
};
use pointsman_http::Client;

use crate::context::Context;

/// Where a token is looked for when none is named.
const USUAL: &str = "env:GITHUB_TOKEN";

/// How GitHub is asked.
#[derive(Debug, clap::Args)]
pub struct Access {
    /// A token that may read the repository, as env:NAME or file:PATH [default: the configured App; else
    /// env:GITHUB_TOKEN, where it is set]
    #[arg(long, value_name = "SECRET")]
    token: Option<SecretRef>,
    /// The address of GitHub's API
    #[arg(
        long,
        value_name = "URL",
        help = "The address of GitHub's API [default: the configured App's, else https://api.github.com]"
    )]
    api: Option<BaseUrl>,
}

/// A repository on GitHub at a branch's head.
pub struct Place {
    pub source: RepositorySource,
    pub branch: String,
    /// What its open release pull requests say.
    pub wishes: Wishes,
}

/// Finds the branch (else the default one) and its head.
pub async fn open(slug: Slug, target: Option<&str>, args: &Access, context: &Context) -> Result<Place> {
    let repository = repository(&slug, args, context).await?;
    let branch = match target {
        Some(target) => target.to_owned(),
        None => repository.info().await.with_context(|| unseen(&slug))?.default_branch,
    };
    let head = repository.head(&RefName::branch(&branch)?).await.with_context(|| unseen(&slug))?;
    let head = head.ok_or_else(|| anyhow!("{slug} has no branch `{branch}`, or it may not be seen"))?;
    let wishes = wishes(&repository, &branch).await?;
    Ok(Place { source: RepositorySource::at(repository, head), branch, wishes })
}

/// The versions that were set on this target's open release pull requests, and the tags that other targets' claim.
async fn wishes(repository: &Repository, target: &str) -> Result<Wishes> {
    let mut wishes = Wishes { links: Some(repository.links()), ..Wishes::default() };
    for branch in repository.branches(PREFIX).await? {
        let pulls = repository.pulls_of(&RefName::branch(branch.name.name())?).await?;
        let open = pulls.into_iter().filter(PullRequest::open);
        for marker in open.filter_map(|pull| Marker::of(pull.body.as_deref()?)) {
            if marker.target == target {
                wishes.set.extend(marker.set);
            } else {
                wishes.taken.extend(marker.releases.into_iter().map(|planned| planned.tag));
            }
        }
    }
    Ok(wishes)
}

fn unseen(slug: &Slug) -> String {
    format!("{slug} cannot be read: is it written right, and may the token (--token) read it?")
}

async fn repository(slug: &Slug, args: &Access, context: &Context) -> Result<Repository> {
    let secrets = EnvSecrets::new(folder(context));
    let base_url = args.api.clone().unwrap_or_default();
    if let Some(token) = &args.token {
        let identity = Identity::Token { token: token.clone(), base_url };
        return Ok(github(identity, secrets).repository(slug.clone())?);
    }
    if let Some(app) = configured(args, context)? {
        let github = github(Identity::App(app), secrets.clone());
        if let Some(installation) = github.installation_of(slug).await? {
            return Ok(installation.repository(slug.clone()));
        }
    }
    let usual: SecretRef = USUAL.parse().map_err(|why| anyhow!("{USUAL}: {why}"))?;
    let identity = match secrets.get(&usual).await {
        Ok(_) => Identity::Token { token: usual, base_url },
        Err(_) => Identity::Nobody { base_url },
    };
    Ok(github(identity, secrets).repository(slug.clone())?)
}

/// The App of the configuration, where there is one.
fn configured(args: &Access, context: &Context) -> Result<Option<App>> {
    let config = match context.config() {
        Ok(config) => config,
        Err(error) => {
            tracing::warn!("going on without the configuration: {error:#}");
            return Ok(None);
        }
    };
    let any = || config.sources.values().find_map(|source| source.app.as_ref());
    let Some(app) = config.release_app().map(|(_, app)| app).or_else(any) else { return Ok(None) };
    let base_url = match &args.api {
        Some(url) => url.clone(),
        None => app.base_url.parse().map_err(|why: String| anyhow!(why))?,
    };
    Ok(Some(App { id: app.id.to_string(), private_key: app.private_key.clone(), base_url }))
}

/// Where the configuration's relative paths begin.
fn folder(context: &Context) -> PathBuf {
    match context.loader(None).origin() {
        Origin::File(path) => path.parent().map(Path::to_owned).unwrap_or_default(),
        Origin::BuiltIn => PathBuf::new(),
    }
}

fn github(identity: Identity, secrets: EnvSecrets) -> Github {
    let ports = Ports {
        http: Arc::new(Client::default()),
        records: None,
        clock: Arc::new(SystemClock),
        secrets: Arc::new(secrets),
    };
    Github::new(identity, ports)
}
