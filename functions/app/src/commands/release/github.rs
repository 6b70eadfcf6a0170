//! A repository on GitHub as a release's source: read with somebody's token, or as anybody may.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use pointsman_core::{
    port::{SecretRef, Secrets as _},
    release::changelog::Links,
};
use pointsman_env::{EnvSecrets, SystemClock};
use pointsman_github::{BaseUrl, Github, Identity, Ports, RefName, RepositorySource, Slug};
use pointsman_http::Client;

/// Where a token is looked for when none is named.
const USUAL: &str = "env:GITHUB_TOKEN";

/// How GitHub is asked.
#[derive(Debug, clap::Args)]
pub struct Access {
    /// A token that may read the repository, as env:NAME or file:PATH [default: env:GITHUB_TOKEN, where it is set]
    #[arg(long, value_name = "SECRET")]
    token: Option<SecretRef>,
    /// The address of GitHub's API
    #[arg(long, value_name = "URL", default_value_t)]
    api: BaseUrl,
}

/// A repository on GitHub at a branch's head.
pub struct Place {
    pub source: RepositorySource,
    pub branch: String,
    pub links: Links,
}

/// Finds the branch (else the default one) and its head.
pub async fn open(slug: Slug, target: Option<&str>, args: &Access) -> Result<Place> {
    let repository = github(args).await?.repository(slug.clone())?;
    let branch = match target {
        Some(target) => target.to_owned(),
        None => repository.info().await.with_context(|| unseen(&slug))?.default_branch,
    };
    let head = repository.head(&RefName::branch(&branch)?).await.with_context(|| unseen(&slug))?;
    let head = head.ok_or_else(|| anyhow!("{slug} has no branch `{branch}`, or it may not be seen"))?;
    let web = repository.web();
    let base = web.strip_suffix(&format!("/{slug}")).unwrap_or(&web).to_owned();
    let links = Links { base, owner: slug.owner().to_owned(), repo: slug.name().to_owned() };
    Ok(Place { source: RepositorySource::at(repository, head), branch, links })
}

fn unseen(slug: &Slug) -> String {
    format!("{slug} cannot be read: is it written right, and may the token (--token) read it?")
}

async fn github(args: &Access) -> Result<Github> {
    let secrets = EnvSecrets::new(".");
    let base_url = args.api.clone();
    let identity = match &args.token {
        Some(token) => Identity::Token { token: token.clone(), base_url },
        None => {
            let usual: SecretRef = USUAL.parse().map_err(|why| anyhow!("{USUAL}: {why}"))?;
            if secrets.get(&usual).await.is_ok() {
                Identity::Token { token: usual, base_url }
            } else {
                Identity::Nobody { base_url }
            }
        }
    };
    let ports = Ports {
        http: Arc::new(Client::default()),
        records: None,
        clock: Arc::new(SystemClock),
        secrets: Arc::new(secrets),
    };
    Ok(Github::new(identity, ports))
}
