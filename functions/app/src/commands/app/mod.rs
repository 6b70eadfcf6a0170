//! `pointsman app create`: GitHub makes an App of a manifest, and its key and secret are kept here.

mod ask;
mod browser;
mod keep;
mod page;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Result, anyhow};
use clap::Subcommand;
use pointsman_core::port::ErrorKind;
use pointsman_env::{EnvSecrets, SystemClock};
use pointsman_github::{BaseUrl, Conversion, Github, Identity, Ports};
use serde::Serialize;

use crate::{
    context::Context,
    print::{self, BOLD, DIM, GOOD},
    wanted::{self, Page},
};
use ask::{Account, Hook, Manifest};
use keep::{Kept, Place};

/// Where a page that is printed sends the browser: nothing is there, but the address has the code.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 46464);

/// Words of `app`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make the GitHub App in a browser; its key, its secret and the configuration are written here
    Create(Args),
}

/// Words of `app create`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The organisation that the App is made for [default: your own account]
    #[arg(long)]
    org: Option<Account>,
    /// GitHub's REST API; of an Enterprise Server https://HOST/api/v3
    #[arg(long, value_name = "URL", default_value_t)]
    base_url: BaseUrl,
    /// The App's name, unique on GitHub; you may change it in the browser [default: pointsman-ORG]
    #[arg(long)]
    name: Option<String>,
    /// Where GitHub reaches this server
    #[arg(
        long,
        value_name = "URL",
        help = "Where GitHub reaches this server, such as https://hooks.acme.org/webhooks/github [default: the webhook is off]"
    )]
    webhook_url: Option<Hook>,
    /// Others may install it too [default: only the account that it is made for]
    #[arg(long)]
    public: bool,
    /// The loopback address of the page that the browser is led to [default: 127.0.0.1 and any port]
    #[arg(long, value_name = "ADDR", conflicts_with = "code", value_parser = loopback)]
    listen: Option<SocketAddr>,
    /// Print the page, for a browser on another machine, and end; --code finishes
    #[arg(long, conflicts_with = "code")]
    print: bool,
    /// Finish with the code that GitHub gave a printed page, or with the address that the browser ended at
    #[arg(long)]
    code: Option<String>,
    /// Overwrite a key and a secret that are there
    #[arg(long)]
    force: bool,
}

/// What comes to that address makes the App's key known.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "this is no address and port".to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err("others can reach it: name a loopback address, such as 127.0.0.1:8765 (and ssh -L leads there)"
        .into())
}

/// What was made, without its secrets.
#[derive(Debug, Clone, Serialize)]
struct Made {
    id: u64,
    slug: String,
    url: String,
    settings: String,
    install: String,
    #[serde(flatten)]
    kept: Kept,
}

/// What makes an App of a code.
struct Desk {
    github: Github,
    place: Place,
    source: String,
    force: bool,
}

/// Does it.
pub async fn run(action: Action, context: &Context) -> Result<()> {
    let Action::Create(args) = action;
    let account = args.org.clone();
    if args.print {
        let manifest = args.manifest(args.listen.unwrap_or(NOWHERE));
        return printed(&args, &manifest, context);
    }
    let source = args.webhook_url.as_ref().map_or(ask::SOURCE, |hook| &hook.source).to_owned();
    let place = Place::new(context.loader(None).origin());
    place.has_room(args.force)?;
    let desk = Desk { github: github(args.base_url.clone()), place, source, force: args.force };
    let made = match &args.code {
        Some(code) => desk.make(&ask::code(code)?).await?,
        None => browser::ask(desk, account, &args).await?,
    };
    print::result(context.json, &made, || told(&made, &args))
}

impl Args {
    /// What GitHub is asked for; it sends the browser back to `address`.
    fn manifest(&self, address: SocketAddr) -> Manifest {
        let name = self.name.clone().or_else(|| {
            let name = format!("pointsman-{}", self.org.as_ref()?);
            Some(name.chars().take(ask::LONGEST_NAME).collect())
        });
        Manifest::new(
            name,
            &self.base_url,
            self.org.as_ref(),
            self.webhook_url.as_ref(),
            self.public,
            address,
        )
    }
}

/// GitHub, asked as nobody: that is all that a code needs.
fn github(base_url: BaseUrl) -> Github {
    let ports = Ports {
        http: Arc::new(pointsman_http::Client::default()),
        records: None,
        clock: Arc::new(SystemClock),
        secrets: Arc::new(EnvSecrets::new(".")),
    };
    Github::new(Identity::Nobody { base_url }, ports)
}

impl Desk {
    /// The App of a code, once: what GitHub tells now it never tells again.
    async fn make(&self, code: &str) -> Result<Made> {
        let conversion = self.github.convert_manifest(code).await.map_err(|error| match error.kind {
            ErrorKind::NotFound | ErrorKind::Invalid => anyhow!(
                "GitHub knows no such code: it is good for one hour, and once; run `pointsman app create` again"
            ),
            _ => anyhow::Error::from(error).context(
                "GitHub made the App, but did not tell its key yet: finish within the hour with --code and the address \
                 that the browser is at",
            ),
        })?;
        let base = self.github.base_url();
        let settings = wanted::settings(base, &conversion.app, Page::General);
        let kept = self.place.keep(&conversion, base, &self.source, self.force).map_err(|error| {
            let slug = print::clean(&conversion.app.slug);
            error.context(format!(
                "the App {slug} is made, but it could not be kept here: make a new private key for it at {settings}, or \
                 remove it there"
            ))
        })?;
        Ok(Made::of(&conversion, base, settings, kept))
    }
}

impl Made {
    fn of(conversion: &Conversion, base: &BaseUrl, settings: String, kept: Kept) -> Self {
        let app = &conversion.app;
        let install = wanted::install(base, app);
        Self { id: app.id, slug: app.slug.clone(), url: app.html_url.clone(), settings, install, kept }
    }
}

fn printed(args: &Args, manifest: &Manifest, context: &Context) -> Result<()> {
    let to = ask::form(&args.base_url, args.org.as_ref(), None);
    let html = page::asking(&to, manifest)?;
    if !context.json {
        eprintln!(
            "Open this page in a browser and press its button. At the end the browser is sent to an address that it cannot \
             open: give that to `pointsman app create --code 'ADDRESS'`, with the same --base-url and --webhook-url."
        );
    }
    let shown = serde_json::json!({ "post_to": to, "manifest": manifest, "page": html });
    print::result(context.json, &shown, || html.clone())
}

fn told(made: &Made, args: &Args) -> String {
    let clean = print::clean;
    let mut text = format!("{GOOD}made{GOOD:#}     the App {} (id {})\n", clean(&made.slug), made.id);
    for file in &made.kept.files {
        text.push_str(&format!("written  {file}\n"));
    }
    if !made.kept.configured {
        text.push_str(&format!("\n{}\n\n{}", made.kept.advice, made.kept.configuration));
    }
    text.push_str(&format!("\n{BOLD}next{BOLD:#}\n"));
    let mut steps = vec![format!("install it where releases are wanted: {}", clean(&made.install))];
    if !made.kept.secret_is_githubs {
        let settings = clean(&made.settings);
        let file = &made.kept.secret;
        steps.push(format!("give its webhook a secret, the text in {file}: {settings}"));
    }
    if args.webhook_url.is_none() {
        let settings = clean(&made.settings);
        steps.push(format!(
            "once GitHub can reach this server, set its webhook's URL (https://HOST/webhooks/{}) and make it active: \
             {settings}",
            made.kept.source
        ));
    }
    steps.extend(["pointsman serve".to_owned(), "pointsman doctor --repo OWNER/NAME".to_owned()]);
    for (index, step) in steps.iter().enumerate() {
        text.push_str(&format!("{DIM}{}.{DIM:#} {step}\n", index + 1));
    }
    text
}
