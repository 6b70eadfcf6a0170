//! `pointsman release explain`: how a commit's message is read.

use std::io::{self, Read as _};

use anyhow::{Context as _, Result};
use pointsman_core::release::{Bump, Message, Settings, message::nested};

use crate::{
    context::Context,
    print::{self, BOLD, DIM},
};

/// Words of `release explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The message, all its lines; - for stdin
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    message: String,
}

/// Does it.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let text = if args.message == "-" { stdin()? } else { args.message.clone() };
    let message = Message::read(&text);
    print::result(context.json, &message, || {
        let further = nested(&text).into_iter().map(|it| format!("\n{}", told(&it)));
        told(&message) + &further.collect::<String>()
    })
}

fn stdin() -> Result<String> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn told(message: &Message) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let value = value.lines().map(print::clean).collect::<Vec<_>>().join("\n             ");
        text.push_str(&format!("{BOLD}{name:<11}{BOLD:#}  {value}\n"));
    };
    row("type", message.kind.as_deref().unwrap_or("none: this is not a conventional commit"));
    if let Some(scope) = &message.scope {
        row("scope", scope);
    }
    row("description", &message.description);
    if message.breaking {
        row("breaking", message.breaking_description.as_deref().unwrap_or("yes"));
    }
    if let Some(body) = &message.body {
        row("body", body);
    }
    for footer in &message.footers {
        row("footer", &format!("{}: {}", footer.token, footer.value));
    }
    if !message.reverts.is_empty() {
        row("reverts", &message.reverts.join(", "));
    }
    format!("{text}{DIM}{}{DIM:#}\n", counts(message))
}

/// What it does by the defaults.
fn counts(message: &Message) -> String {
    let bump = match &message.kind {
        _ if message.breaking => Bump::Major,
        Some(kind) => Settings::default().rule(kind).bump,
        None => Bump::None,
    };
    match bump {
        Bump::None => "It moves no version, unless the repository's settings say so.".into(),
        bump => {
            format!("It moves the {} version, unless the repository's settings say otherwise.", bump.as_str())
        }
    }
}
