//! Who asks: JWTs, tokens, and what happens when GitHub no longer takes them.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pointsman_core::port::{ErrorKind, SecretRef};
use serde_json::{Value, json};

use super::script::{KEY, MADE, NOW, World, app, complaint, json as answer, token};
use crate::{Identity, Pace, RefName, Refusal};

const REF: &str = "GET /repos/o/r/git/ref/heads/main";

fn main() -> RefName {
    RefName::branch("main").unwrap()
}

fn head() -> super::script::Answer {
    answer(200, json!({ "ref": "refs/heads/main", "object": { "sha": "a".repeat(40), "type": "commit" } }))
}

fn claims(jwt: &str) -> Value {
    let key = DecodingKey::from_rsa_pem(include_bytes!("keys/public.pem")).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(jwt, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn an_app_says_who_it_is_for_nine_minutes_with_both_kinds_of_pem() {
    for key in [KEY, include_str!("keys/pkcs8.pem")] {
        let world = World::of(app(key), Pace::UNHURRIED);
        world.on("GET /app", answer(200, json!({ "id": 1, "slug": "pointsman" })));
        assert_eq!(world.github.app().await.unwrap().slug, "pointsman");
        let asked = world.script.asked().remove(0);
        let jwt = asked.authorization.strip_prefix("Bearer ").unwrap();
        assert_eq!(claims(jwt), json!({ "iat": NOW - 60, "exp": NOW + 540, "iss": "Iv1.abc" }));
        assert_eq!(asked.headers["x-github-api-version"], "2022-11-28");
        assert_eq!(asked.headers["accept"], "application/vnd.github+json");
        assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("pointsman/"));
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_told_without_the_key() {
    let ec = "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n";
    let cut = KEY.replace("END RSA", "END");
    for bad in
        ["secret", ec, &cut, "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"]
    {
        let error = World::of(app(bad), Pace::UNHURRIED).github.app().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(
            format!("{error}"),
            "the private key of App Iv1.abc in literal:*** is no RSA key in PEM: download it from the App's settings, \
             all of it with its BEGIN and END lines"
        );
        assert!(!format!("{error:?}").contains("c2Vj"), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_is_made_for_one_repository_with_what_is_needed_and_used_until_shortly_before_its_end() {
    let world = World::default();
    world.on(REF, head());
    let repository = world.repository();
    for _ in 0..3 {
        repository.head(&main()).await.unwrap();
    }
    let asked = world.script.asked();
    assert_eq!(asked.iter().filter(|asked| asked.line == MADE).count(), 1);
    let permissions =
        json!({ "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write" });
    assert_eq!(asked[0].body, json!({ "repositories": ["r"], "permissions": permissions }));
    assert_eq!(asked[1].authorization, "Bearer ghs_one");

    world.clock.turn(Duration::from_secs(3600 - 301));
    repository.head(&main()).await.unwrap();
    assert_eq!(world.script.asked().iter().filter(|asked| asked.line == MADE).count(), 1);
    world.clock.turn(Duration::from_secs(1));
    repository.head(&main()).await.unwrap();
    assert_eq!(world.script.asked().iter().filter(|asked| asked.line == MADE).count(), 2);
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_made_anew_once() {
    let world = World::of(app(KEY), Pace::UNHURRIED);
    world.on(MADE, token("ghs_old", 3600));
    world.on(MADE, token("ghs_new", 3600));
    world.on(REF, complaint(401, "Bad credentials"));
    world.on(REF, head());
    assert!(world.repository().head(&main()).await.unwrap().is_some());
    let used: Vec<_> = world.script.asked().into_iter().filter(|it| it.line == REF).collect();
    assert_eq!([&used[0].authorization, &used[1].authorization], ["Bearer ghs_old", "Bearer ghs_new"]);

    let world = World::default();
    world.on(REF, complaint(401, "Bad credentials"));
    let error = world.repository().head(&main()).await.unwrap_err();
    assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Denied, Some(Refusal::Credentials)));
    assert_eq!(world.script.asked().iter().filter(|asked| asked.line == REF).count(), 2);
}

#[tokio::test]
async fn gone_suspended_and_not_permitted_are_told_apart() {
    let granted = answer(
        200,
        json!({ "id": 7, "permissions": { "metadata": "read", "contents": "read", "issues": "write" } }),
    );
    let all = answer(
        200,
        json!({ "id": 7, "permissions":
            { "metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write" } }),
    );
    let cases = [
        (complaint(404, "Not Found"), &granted, Refusal::InstallationGone, "installation 7 is gone"),
        (
            complaint(403, "This installation has been suspended"),
            &granted,
            Refusal::Suspended,
            "installation 7 is suspended",
        ),
        (
            complaint(422, "The permissions requested are not granted to this installation."),
            &granted,
            Refusal::Permission,
            "installation 7 lacks contents: write, pull_requests: write: grant it to the App",
        ),
        (
            complaint(422, "There is at least one repository that does not exist or is not accessible."),
            &all,
            Refusal::Permission,
            "installation 7 has no access to r: add it",
        ),
        (
            complaint(401, "A JSON web token could not be decoded"),
            &granted,
            Refusal::Credentials,
            "GitHub refuses POST /app/installations/7/access_tokens (401); the App's key or the token is wrong",
        ),
    ];
    for (made, info, why, told) in cases {
        let world = World::of(app(KEY), Pace::UNHURRIED);
        world.on(MADE, made);
        world.on("GET /app/installations/7", info.clone());
        let error = world.repository().head(&main()).await.unwrap_err();
        assert_eq!((error.kind, Refusal::of(&error)), (ErrorKind::Denied, Some(why)), "{error}");
        assert!(error.to_string().starts_with(told), "{error}");
    }
}

#[tokio::test]
async fn a_given_token_is_sent_as_it_is_and_shown_nowhere() {
    let given = Identity::Token {
        token: SecretRef::Literal("ghp_secret\n".to_owned().into()),
        base_url: "https://api.test".parse().unwrap(),
    };
    let world = World::of(given, Pace::UNHURRIED);
    world.on(REF, complaint(401, "Bad credentials"));
    let repository = world.github.repository("o/r".parse().unwrap()).unwrap();
    let error = repository.head(&main()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(world.script.asked()[0].authorization, "Bearer ghp_secret");
    for shown in [format!("{error} {error:?}"), format!("{repository:?} {:?}", world.github)] {
        assert!(!shown.contains("ghp_secret"), "{shown}");
    }
    let error = world.github.app().await.unwrap_err();
    assert_eq!(error.to_string(), "this is asked as an App, and only a token is there: configure the App");
}

#[tokio::test]
async fn a_manifest_becomes_an_app_whose_secrets_are_not_shown() {
    let world = World::default();
    world.on(
        "POST /app-manifests/a%2Fb/conversions",
        answer(
            201,
            json!({ "id": 9, "slug": "x", "name": "X", "client_id": "Iv1.x", "client_secret": "cs-secret",
                "webhook_secret": "wh-secret", "pem": "pem-secret", "owner": { "login": "o", "id": 1 } }),
        ),
    );
    let made = world.github.convert_manifest("a/b").await.unwrap();
    assert_eq!((made.app.id, made.private_key.expose()), (9, &b"pem-secret"[..]));
    assert_eq!(made.webhook_secret.as_ref().map(|it| it.expose()), Some(&b"wh-secret"[..]));
    assert!(!format!("{made:?}").contains("-secret"), "{made:?}");
    assert_eq!(world.script.asked()[0].authorization, "");
}
