//! Rules of the release stages: whose App works, and where.

use super::Findings;
use crate::config::{fault::suggest, node::Cursor};

const APP_HINT: &str = "such as `app: { id: 123, private_key: \"file:app.pem\" }` in a source; \
                        `pointsman app create` makes an App and writes it";

pub fn check(root: &Cursor<'_>, found: &mut Findings) {
    let apps: Vec<_> = root
        .get("sources")
        .map(|sources| {
            sources
                .entries()
                .filter_map(|(key, source)| Some((key.text.as_str(), source.get("app")?)))
                .collect()
        })
        .unwrap_or_default();
    for (_, app) in &apps {
        base_url(app, found);
        slug(app, found);
        private_key(app, found);
    }
    own_secrets(root, found);
    let Some(release) = root.get("release") else { return };
    let names: Vec<&str> = apps.iter().map(|(name, _)| *name).collect();
    source(root, &release, &names, found);
    found.each(&release.list("repositories"), crate::route::check_repository_pattern);
    found.duration(release.get("reconcile"), "1m", "7d");
}

/// Exactly one source is the stages'.
fn source(root: &Cursor<'_>, release: &Cursor<'_>, apps: &[&str], found: &mut Findings) {
    let enabled = release.get("enabled");
    if let Some((cursor, name)) = release.text_of("source") {
        let sources = root.get("sources");
        let known: Vec<&str> =
            sources.iter().flat_map(Cursor::entries).map(|(key, _)| key.text.as_str()).collect();
        if !known.contains(&name) {
            let fault = cursor.fault(format!("there is no source `{name}`"));
            found.faults.push(fault.hint(suggest(name, &known)));
        } else if !apps.contains(&name) {
            found.faults.push(cursor.fault(format!("the source `{name}` has no `app`")).hint(APP_HINT));
        }
        return;
    }
    let Some(enabled) = enabled.filter(Cursor::is_true) else { return };
    match apps {
        [] => {
            let fault = enabled.fault("no source has an `app`: there is nobody to open a pull request");
            found.faults.push(fault.hint(APP_HINT));
        }
        [_] => {}
        [one, ..] => {
            let fault = enabled.fault(format!("several sources have an `app`: {}", apps.join(", ")));
            found.faults.push(fault.hint(format!("say which one releases: `source: {one}`")));
        }
    }
}

pub fn base_url(app: &Cursor<'_>, found: &mut Findings) {
    let Some((cursor, text)) = app.text_of("base_url") else { return };
    let uri: Option<http::Uri> = text.parse().ok();
    let plain = uri.filter(|uri| {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        !authority.is_empty() && !authority.contains('@') && uri.query().is_none()
    });
    let hint = "such as https://api.github.com, or https://HOST/api/v3 of an Enterprise Server";
    match plain {
        // It may hold a password: then it is not repeated.
        None => found.faults.push(cursor.fault("this is no address of an API").hint(hint)),
        Some(uri) if uri.scheme_str() == Some("https") => {}
        Some(uri) if uri.scheme_str() == Some("http") => {
            if !is_loopback(uri.host().unwrap_or_default()) {
                let warning = cursor.fault("the App's tokens go over the network in plain text");
                found.warnings.push(warning.hint("use https"));
            }
        }
        Some(_) => found.faults.push(cursor.fault("this is neither https nor http").hint(hint)),
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn slug(app: &Cursor<'_>, found: &mut Findings) {
    if let Some((cursor, text)) = app.text_of("slug") {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || !text.chars().all(plain) {
            let fault = cursor.fault(format!("`{text}` is no App's name in URLs: a-z, 0-9 and -"));
            found.faults.push(fault.hint("as in https://github.com/apps/SLUG"));
        }
    }
}

fn private_key(app: &Cursor<'_>, found: &mut Findings) {
    if let Some((cursor, text)) = app.text_of("private_key") {
        found.secret(&cursor, text);
    }
}

/// Who knows the secret of an App's webhook can make releases: nobody else may have been told it.
fn own_secrets(root: &Cursor<'_>, found: &mut Findings) {
    let sources: Vec<_> = root.get("sources").map(|it| it.entries().collect()).unwrap_or_default();
    for (key, source) in &sources {
        if source.get("app").is_none() {
            continue;
        }
        for secret in source.list("secrets") {
            let Some(text) = secret.text() else { continue };
            let other = sources.iter().find(|(other, it)| other.text != key.text && names(it, text));
            if let Some((other, _)) = other {
                let message = format!("the source `{}` has the same secret", other.text);
                let hint = "an App's webhook needs a secret of its own: who knows it can make releases";
                found.faults.push(secret.fault(message).hint(hint));
            }
        }
    }
}

fn names(source: &Cursor<'_>, secret: &str) -> bool {
    let of = |cursor: &Cursor<'_>| cursor.list("secrets").iter().any(|it| it.text() == Some(secret));
    of(source) || source.get("verify").is_some_and(|verify| of(&verify))
}
