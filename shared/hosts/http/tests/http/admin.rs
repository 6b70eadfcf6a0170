//! `/admin/`: who is let in, and what is handed on.

use http::StatusCode;
use pointsman_core::port::{PortError, Secret};
use pointsman_host_http::{Admin, Asked, Told};

use crate::support::{Answer, Running, echo};

/// Says what it was asked.
async fn desk(asked: Asked) -> Told {
    match asked.path.as_str() {
        "problem" => Told::Problem(StatusCode::CONFLICT, "somebody is before you".into()),
        "panic" => panic!("the desk's own fault"),
        path => {
            let value =
                serde_json::json!({"method": asked.method.as_str(), "path": path, "bytes": asked.body.len()});
            Told::Json(StatusCode::ACCEPTED, value)
        }
    }
}

async fn server(tokens: fn() -> Result<Option<Vec<Secret>>, PortError>) -> Running {
    let (parts, _) = echo();
    Running::start(parts.admin(Admin::new(move || async move { tokens() }, desk))).await
}

fn two() -> Result<Option<Vec<Secret>>, PortError> {
    Ok(Some(vec![Secret::new("new token"), Secret::new("old token")]))
}

async fn ask(server: &Running, path: &str, authorization: &str, body: &str) -> Answer {
    let line =
        if authorization.is_empty() { String::new() } else { format!("authorization: {authorization}\r\n") };
    let length = body.len();
    let request = format!("POST {path} HTTP/1.1\r\nhost: t\r\n{line}content-length: {length}\r\n\r\n{body}");
    server.ask(request).await
}

#[tokio::test]
async fn every_current_token_opens_and_nothing_else_does() {
    let server = server(two).await;
    for authorization in ["Bearer new token", "bearer old token"] {
        let answer = ask(&server, "/admin/replays/a", authorization, "{}").await;
        assert_eq!(answer.status, 202, "{authorization}");
        assert_eq!(answer.json(), serde_json::json!({"method": "POST", "path": "replays/a", "bytes": 2}));
    }
    for authorization in [
        "",
        "Bearer ",
        "Bearer",
        "Bearer new",
        "Bearer new token ",
        "Basic new token",
        "new token",
        "Bearer \u{e4}",
    ] {
        let answer = ask(&server, "/admin/replays/a", authorization, "{}").await;
        let expected = if authorization == "Bearer new token " { 202 } else { 401 };
        assert_eq!(answer.status, expected, "{authorization:?}: a field's value ends before its spaces");
        if expected == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"pointsman\""));
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert!(!answer.body.contains("new token"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn without_a_token_configured_there_is_nothing_there() {
    let (parts, _) = echo();
    let bare = Running::start(parts).await;
    let nowhere = ask(&bare, "/nowhere", "", "{}").await;
    let unset = server(|| Ok(None)).await;
    for server in [bare, unset] {
        let answer = ask(&server, "/admin/replays", "Bearer new token", "{}").await;
        assert_eq!((answer.status, &answer.body), (404, &nowhere.body));
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_read_lets_nobody_in() {
    let server = server(|| Err(PortError::not_found("there is no file /secret/path"))).await;
    let answer = ask(&server, "/admin/replays", "Bearer new token", "{}").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.body.contains("/secret/path"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_is_bounded_and_not_read_without_a_token() {
    let server = server(two).await;
    let head = |authorization: &str| {
        format!(
            "POST /admin/replays HTTP/1.1\r\nhost: t\r\nauthorization: {authorization}\r\ncontent-length: 1048577\r\n\r\n"
        )
    };
    assert_eq!(server.ask(head("Bearer new token")).await.status, 413);
    assert_eq!(server.ask(head("Bearer wrong")).await.status, 401);
}

#[tokio::test]
async fn what_the_desk_says_is_passed_on_and_its_panic_is_its_own() {
    let server = server(two).await;
    let answer = ask(&server, "/admin/problem", "Bearer new token", "").await;
    assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (409, "somebody is before you"));
    assert_eq!(ask(&server, "/admin/panic", "Bearer new token", "").await.status, 500);
    assert_eq!(ask(&server, "/admin/replays", "Bearer new token", "").await.status, 202);
}
