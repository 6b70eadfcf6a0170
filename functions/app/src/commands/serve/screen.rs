//! One screen at the start: what it runs with, and what to do next. On stderr, without a secret.

use std::{fmt::Write as _, net::SocketAddr};

use pointsman_core::{
    config::{Config, Source},
    port::SecretRef,
};
use pointsman_env::{Loaded, Origin};
use tracing::info;

use crate::{
    logs::Format,
    print::{BOLD, DIM},
};

/// A screen has so many lines for each of the lists.
const LISTED: usize = 8;

/// Prints it; its last line is for programs. Where logs are JSON, that line alone, as one of them.
pub fn show(loaded: &Loaded, address: SocketAddr, logs: Format) {
    if logs == Format::Json {
        return info!(%address, store = %loaded.config.data.display(), "listening on http://{address}");
    }
    anstream::eprint!("{}", text(&loaded.config, &loaded.origin, address));
    eprintln!("listening on http://{address}");
}

fn text(config: &Config, origin: &Origin, address: SocketAddr) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| _ = writeln!(out, "{BOLD}{name:<14}{BOLD:#}{value}");
    line("Pointsman", env!("CARGO_PKG_VERSION"));
    line("store", &format!("{} (SQLite)", config.data.display()));
    let built_in = "none: every event of GitHub's goes into the queue `all` (pointsman.yaml changes that)";
    line("configuration", &if *origin == Origin::BuiltIn { built_in.into() } else { origin.to_string() });
    let sources = config.sources.keys().map(|name| format!("{name} -> http://{address}/webhooks/{name}"));
    list(&mut line, "sources", sources);
    let flow = |events: &[String], queue: &str| format!("{} -> queue {queue}", events.join(", "));
    let subscriptions =
        config.subscriptions.iter().map(|it| format!("{}: {}", it.name, flow(&it.events, it.queue())));
    list(&mut line, "subscriptions", subscriptions);
    if let Some((source, app)) = config.release_app() {
        line("releases", &format!("by App {} of source {source}, at {}", app.id, app.base_url));
    }
    next(&mut out, config, address);
    out
}

fn list(line: &mut impl FnMut(&str, &str), name: &str, rows: impl ExactSizeIterator<Item = String>) {
    let count = rows.len();
    if count == 0 {
        line(name, "none");
    }
    for (index, row) in rows.take(LISTED).enumerate() {
        line(if index == 0 { name } else { "" }, &row);
    }
    if count > LISTED {
        line("", &format!("and {} more: pointsman config show", count - LISTED));
    }
}

/// What to do next, by commands that can be copied.
fn next(out: &mut String, config: &Config, address: SocketAddr) {
    let github = config.sources.iter().find(|(_, source)| source.verify.is_none());
    let mut step = |what: &str, how: &str| _ = writeln!(out, "  {what:<18}{DIM}{how}{DIM:#}");
    if let Some((name, source)) = github {
        step(
            "point GitHub here",
            &format!("payload URL http://{address}/webhooks/{name}, content type application/json"),
        );
        step("its secret", &secret(source));
        let to = if name == "github" && config.listen == address {
            String::new()
        } else {
            format!(" --to http://{address}/webhooks/{name}")
        };
        step(
            "send a sample",
            &format!(
                "echo '{{\"zen\": \"Keep it logically awesome.\"}}' | pointsman send - --event ping{to}"
            ),
        );
    }
    if let Some(subscription) = config.subscriptions.first() {
        step("receive events", &format!("pointsman receive {}", subscription.queue()));
    }
}

fn secret(source: &Source) -> String {
    match source.secrets.first() {
        Some(SecretRef::File(path)) => format!("cat {path}"),
        Some(other) => format!("as configured: {other}"),
        None => "as configured".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_says_what_to_do_next_and_no_secret() {
        let mut config = Config::without_file("/data/webhook-secret".as_ref());
        config.listen = "127.0.0.1:8080".parse().unwrap();
        let text = text(&config, &Origin::BuiltIn, config.listen);
        let text = anstream::adapter::strip_str(&text).to_string();
        for wanted in [
            "payload URL http://127.0.0.1:8080/webhooks/github, content type application/json",
            "cat /data/webhook-secret",
            "pointsman send - --event ping",
            "pointsman receive all",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        assert!(text.lines().count() < 15);
    }

    #[test]
    fn many_subscriptions_do_not_fill_the_screen() {
        let mut config = Config::without_file("s".as_ref());
        let one = config.subscriptions[0].clone();
        config.subscriptions = vec![one; 500];
        let text = text(&config, &Origin::BuiltIn, config.listen);
        assert!(text.contains("and 492 more") && text.lines().count() < 24, "{text}");
    }
}
