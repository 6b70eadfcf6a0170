//! What `release` brings with it: subscriptions, queues, and whose App works.

use std::time::Duration;

use super::*;
use crate::release::settings;

const RELEASE: &str = r#"
sources:
  hooks: { secrets: ["env:HOOKS"] }
  github: { secrets: ["env:APP_HOOK"], app: { id: 7, private_key: "file:app.pem", base_url: "http://127.0.0.1:99" } }
release: { enabled: true, repositories: ["acme/*", "!acme/attic"] }
queues: { release-automator: { max_deliveries: 9 } }
"#;

#[test]
fn the_release_stages_have_their_subscriptions_and_queues() {
    let Checked { config, warnings, secrets, .. } = parse(RELEASE).expect("it is good");
    assert_eq!(warnings, [], "the stages are subscriptions, and a loopback address needs no TLS");
    let (source, app) = config.release_app().unwrap();
    assert_eq!((source, app.id), ("github", 7));
    assert!(secrets.iter().any(|secret| secret.path == "sources.github.app.private_key"));
    assert_eq!(config.release.reconcile, Duration::from_secs(3600));

    let all = config.shown_subscriptions();
    let shown = |at: usize| (all[at].name.as_str(), all[at].session.as_deref(), all[at].source.as_deref());
    assert_eq!(shown(0), (ORCHESTRATOR, Some("repository"), Some("github")));
    assert_eq!(shown(1), (AUTOMATOR, Some("repository"), Some("github")));
    assert!(all.iter().all(|it| it.repositories == ["acme/*", "!acme/attic"]));
    assert!(all[0].events.contains(&"push".to_owned()) && all[1].events == ["pull_request.closed"]);
    crate::route::Router::new(&all).expect("they compile");

    let attempts: Vec<_> =
        config.queues().iter().map(|(name, settings)| (name.to_string(), settings.max_deliveries)).collect();
    assert_eq!(attempts, [(AUTOMATOR.to_owned(), 9), (ORCHESTRATOR.to_owned(), 5)]);
}

#[test]
fn what_is_not_enabled_brings_nothing() {
    let text = RELEASE.replace("enabled: true", "enabled: false").replace("release-automator", "default");
    let config = parse(&text).expect("it is good").config;
    assert!(config.release_app().is_none() && config.all_subscriptions().is_empty());
    assert_eq!(config.queues(), []);
}

#[test]
fn the_source_of_releases_is_shown_and_what_is_shown_means_the_same() {
    let shown = parse(RELEASE).unwrap().config.shown();
    let at = |pointer: &str| shown.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default();
    assert_eq!(at("/release/source"), "github");
    assert_eq!(at("/release/reconcile"), "1h");
    assert_eq!(at("/sources/github/app/private_key"), "file:app.pem");
    assert_eq!(parse(&to_yaml(&shown)).expect("it is a configuration itself").config.shown(), shown);
    let bare = RELEASE.replace(r#", base_url: "http://127.0.0.1:99""#, "");
    let (_, app) =
        parse(&bare).unwrap().config.release_app().map(|(name, app)| (name.to_owned(), app.clone())).unwrap();
    assert_eq!(app.base_url, "https://api.github.com");
}

#[test]
fn settings_for_all_and_for_organisations_are_layers() {
    let layers = r#"release:
  settings: { strategy: always_minor, changelog: { authors: false } }
  locked: [release.strategy]
  organisations:
    Acme: { settings: { changelog: { path: NEWS.md } } }
"#;
    let (sources, _) = RELEASE.split_once("release: ").unwrap();
    let text = format!("{sources}{layers}");
    let release = parse(&text).expect("it is good").config.release;
    let acme = &release.layers.organisations["acme"];
    let central = release.layers.central.as_ref().unwrap();
    let own = settings::read("release: { prerelease_type: rc }", "the file").unwrap().layer;
    let resolved = settings::resolve(&[central.clone(), acme.clone(), own]).unwrap();
    assert_eq!(
        (resolved.strategy, resolved.prerelease_type.as_str()),
        (settings::Strategy::AlwaysMinor, "rc")
    );
    assert_eq!(resolved.changelog.path, settings::ChangelogPath::Path("NEWS.md".into()));
    assert!(!resolved.changelog.authors);
    let breaks = settings::read("release: { strategy: semver }", "the file").unwrap().layer;
    let told = settings::resolve(&[central.clone(), breaks]).unwrap_err().to_string();
    assert!(told.contains("`release.strategy` is locked by pointsman.yaml"), "{told}");
    let shown = parse(&text).unwrap().config.shown();
    assert_eq!(
        shown.pointer("/release/settings/strategy").unwrap(),
        "always_minor",
        "no more than was written"
    );
    assert_eq!(parse(&to_yaml(&shown)).unwrap().config.shown(), shown);
}

#[test]
fn of_several_apps_the_named_one_works() {
    let other = "hooks: { secrets: [\"env:HOOKS\"], app: { id: 8, private_key: \"env:K\" } }";
    let text = RELEASE.replace("hooks: { secrets: [\"env:HOOKS\"] }", other);
    let named = text.replace("enabled: true", "enabled: true, source: hooks");
    assert_eq!(parse(&named).unwrap().config.release_app().unwrap().1.id, 8);
}

#[test]
fn a_token_over_plain_http_is_doubted() {
    let text = RELEASE.replace("127.0.0.1:99", "git.acme.org/api/v3");
    let warnings = parse(&text).unwrap().warnings;
    let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let place = "4:93: sources.github.app.base_url: ";
    assert_eq!(told, [format!("{place}the App's tokens go over the network in plain text\n    use https")]);
}
