//! The story: real payloads of GitHub's, what is done to them on the way, and what must come of each.

/// What is sent, and what must come of it.
pub struct Step {
    /// For people.
    pub what: &'static str,
    /// X-GitHub-Event.
    pub event: &'static str,
    /// The payload, byte for byte as GitHub documents it.
    pub payload: &'static [u8],
    /// What is done to it.
    pub how: How,
    /// The answer's status.
    pub status: u16,
    /// Its session.
    pub session: &'static str,
    /// The queues that it goes into now.
    pub queues: &'static [&'static str],
}

/// How a payload is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As GitHub does.
    Signed,
    /// Again, under the id of this earlier step.
    Again(usize),
    /// Signed with another secret.
    WrongSecret,
    /// With GitHub's old SHA-1 signature only.
    Sha1Only,
    /// To a source that does not exist.
    UnknownSource,
}

macro_rules! github {
    ($file:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/github/",
            $file,
            ".payload.json"
        ))
    };
}

/// The configuration that the story is played with; `@SECRET@` is a fresh one, and the rest of them the sample App's.
pub const CONFIG: &str = r#"
sources:
  github: { secrets: ["literal:@SECRET@"], owns: ["codertocat/*"] }
  app:
    secrets: ["literal:@APP_SECRET@"]
    app: { id: @APP_ID@, private_key: "file:app.pem", base_url: "@GITHUB@" }
subscriptions:
  - { name: triage-bot, source: github, events: ["issues.*", issue_comment.created, pull_request, pull_request_review] }
  - { name: deploys, source: github, events: [push], session: repository, when: 'data.ref == "refs/heads/master"' }
  - { name: audit, source: github, events: ["*"], session: none }
release: { enabled: true }
"#;

const PULL: &str = "codertocat/hello-world/pull_request/2";
const ISSUE: &str = "codertocat/hello-world/issue/1";
const TRIAGE: &[&str] = &["triage-bot", "audit"];

/// Event by event.
pub const STEPS: &[Step] = &[
    taken("a pull request is opened", "pull_request", github!("pull_request/01.opened"), PULL, TRIAGE),
    taken("an issue is opened", "issues", github!("issues/16.opened"), ISSUE, TRIAGE),
    taken(
        "somebody is assigned to the pull request",
        "pull_request",
        github!("pull_request/02.assigned"),
        PULL,
        TRIAGE,
    ),
    taken("a comment on the issue", "issue_comment", github!("issue_comment/01.created"), ISSUE, TRIAGE),
    taken(
        "a review of the pull request",
        "pull_request_review",
        github!("pull_request_review/01.submitted"),
        PULL,
        TRIAGE,
    ),
    taken(
        "a push to a branch",
        "push",
        github!("push/05"),
        "codertocat/hello-world/branch/master",
        &["deploys", "audit"],
    ),
    taken("a push of a tag", "push", github!("push/01"), "codertocat/hello-world/tag/simple-tag", &["audit"]),
    taken(
        "an event that GitHub will invent next year",
        "quantum_merge",
        b"{\"action\":\"entangled\"}",
        "-/-/quantum_merge/-",
        &["audit"],
    ),
    Step {
        how: How::Again(0),
        ..taken("the first delivery once more", "pull_request", github!("pull_request/01.opened"), PULL, &[])
    },
    refused("a signature made with another secret", "push", github!("push/05"), How::WrongSecret, 401),
    refused("SHA-1 only", "push", github!("push/05"), How::Sha1Only, 401),
    refused("half a payload, signed", "push", b"{\"ref\":\"refs/heads/ma", How::Signed, 400),
    refused(
        "a repository of somebody else, signed",
        "check_run",
        github!("check_run/07.requested_action"),
        How::Signed,
        403,
    ),
    refused("a source that is not configured", "push", github!("push/05"), How::UnknownSource, 404),
    taken("the pull request is closed", "pull_request", github!("pull_request/04.closed"), PULL, TRIAGE),
];

const fn taken(
    what: &'static str,
    event: &'static str,
    payload: &'static [u8],
    session: &'static str,
    queues: &'static [&'static str],
) -> Step {
    Step { what, event, payload, how: How::Signed, status: 202, session, queues }
}

const fn refused(
    what: &'static str,
    event: &'static str,
    payload: &'static [u8],
    how: How,
    status: u16,
) -> Step {
    Step { what, event, payload, how, status, session: "", queues: &[] }
}
