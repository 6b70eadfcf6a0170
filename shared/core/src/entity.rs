//! The thing that an event is about, as a session key: one pull request, one branch, one release.
//!
//! Events of one entity stay in order; events of two do not wait for each other. A table, not a function an event.

use serde::Deserialize;

use crate::facts::Facts;

/// How an event names its entity.
#[derive(Debug)]
enum Rule {
    /// `{kind}/{the first of these pointers that has a value}`.
    Field(&'static str, &'static [&'static str]),
    /// The first rule where this pointer has a value, else the second.
    If(&'static str, &'static Self, &'static Self),
    /// `branch/{name}` or `tag/{name}`, from `/ref` with or without `refs/`, and `/ref_type`.
    Ref,
    /// The one pull request that it names, if exactly one and of this repository; else its branch; else its commit.
    Check { pulls: &'static str, branch: &'static str, sha: &'static str },
    /// Like a check, of a commit whose branches are listed: its branch only if it is on exactly one.
    Status,
}

use Rule::{Check, Field, If, Ref, Status};

const PULL_REQUEST: Rule = Field("pull_request", &["/pull_request/number", "/number"]);
const ISSUE: Rule = Field("issue", &["/issue/number"]);
const DISCUSSION: Rule = Field("discussion", &["/discussion/number"]);
const ENVIRONMENT: Rule =
    Field("environment", &["/deployment/environment", "/environment", "/workflow_job_run/environment"]);

/// By event, or by `event.action` where the action says which side of a relation the repository is on.
const REPOSITORY_RULES: &[(&str, Rule)] = &[
    ("pull_request", PULL_REQUEST),
    ("pull_request_review", PULL_REQUEST),
    ("pull_request_review_comment", PULL_REQUEST),
    ("pull_request_review_thread", PULL_REQUEST),
    ("issues", ISSUE),
    ("issue_comment", If("/issue/pull_request", &Field("pull_request", &["/issue/number"]), &ISSUE)),
    ("sub_issues.parent_issue_added", Field("issue", &["/sub_issue/number"])),
    ("sub_issues.parent_issue_removed", Field("issue", &["/sub_issue/number"])),
    ("sub_issues", Field("issue", &["/parent_issue/number"])),
    ("issue_dependencies.blocking_added", Field("issue", &["/blocking_issue/number"])),
    ("issue_dependencies.blocking_removed", Field("issue", &["/blocking_issue/number"])),
    ("issue_dependencies", Field("issue", &["/blocked_issue/number"])),
    ("push", Ref),
    ("create", Ref),
    ("delete", Ref),
    (
        "check_run",
        Check {
            pulls: "/check_run/pull_requests",
            branch: "/check_run/check_suite/head_branch",
            sha: "/check_run/head_sha",
        },
    ),
    (
        "check_suite",
        Check {
            pulls: "/check_suite/pull_requests",
            branch: "/check_suite/head_branch",
            sha: "/check_suite/head_sha",
        },
    ),
    (
        "workflow_run",
        Check {
            pulls: "/workflow_run/pull_requests",
            branch: "/workflow_run/head_branch",
            sha: "/workflow_run/head_sha",
        },
    ),
    (
        "workflow_job",
        Check {
            pulls: "/workflow_job/pull_requests",
            branch: "/workflow_job/head_branch",
            sha: "/workflow_job/head_sha",
        },
    ),
    ("status", Status),
    ("release", Field("release", &["/release/tag_name"])),
    ("discussion", DISCUSSION),
    ("discussion_comment", DISCUSSION),
    ("deployment", ENVIRONMENT),
    ("deployment_status", ENVIRONMENT),
    ("deployment_review", ENVIRONMENT),
];

/// Where events without a repository have the id of what they are about.
const ACCOUNT_IDS: &[(&str, &str)] = &[
    ("installation", "/installation/id"),
    ("installation_repositories", "/installation/id"),
    ("installation_target", "/installation/id"),
    ("team", "/team/id"),
    ("membership", "/team/id"),
    ("organization", "/organization/id"),
    ("org_block", "/organization/id"),
    ("projects_v2", "/projects_v2/id"),
    ("projects_v2_item", "/projects_v2_item/id"),
    ("projects_v2_status_update", "/projects_v2_status_update/id"),
    ("security_advisory", "/security_advisory/ghsa_id"),
    ("sponsorship", "/sponsorship/node_id"),
    ("marketplace_purchase", "/marketplace_purchase/account/id"),
    ("github_app_authorization", "/sender/id"),
    ("ping", "/hook_id"),
];

const STATUS_BRANCHES: &str = "/branches";

/// Every pointer that a rule may read.
pub(crate) fn pointers() -> impl Iterator<Item = &'static str> {
    let rules = REPOSITORY_RULES.iter().flat_map(|(_, rule)| rule.pointers());
    rules.chain(ACCOUNT_IDS.iter().map(|(_, pointer)| *pointer))
}

/// `{owner}/{repo}/{kind}/{id}`; without a repository `{account or -}/-/{event}/{id or -}`.
pub(crate) fn entity(facts: &Facts) -> String {
    if let Some(entity) = &facts.entity {
        return entity.clone();
    }
    let event = facts.delivery.event.as_str();
    if facts.repository.is_none() {
        let pointer = ACCOUNT_IDS.iter().find(|(name, _)| *name == event).map(|(_, pointer)| *pointer);
        let id = pointer.and_then(|pointer| facts.glance.text(pointer));
        return format!("{}/{event}/{}", facts.home(), id.as_deref().unwrap_or("-"));
    }
    let of_action = |(name, _): &&(&str, Rule)| {
        let mut parts = name.splitn(2, '.');
        parts.next() == Some(event)
            && parts.next().is_none_or(|action| facts.action.as_deref() == Some(action))
    };
    let rule = REPOSITORY_RULES.iter().find(of_action).map(|(_, rule)| rule);
    let named = rule.and_then(|rule| rule.apply(facts)).unwrap_or_else(|| format!("repository/{event}"));
    format!("{}/{named}", facts.home())
}

impl Rule {
    fn pointers(&self) -> Vec<&'static str> {
        match self {
            Field(_, pointers) => pointers.to_vec(),
            If(pointer, yes, no) => [vec![*pointer], yes.pointers(), no.pointers()].concat(),
            Ref => vec!["/ref", "/ref_type"],
            Check { pulls, branch, sha } => vec![pulls, branch, sha],
            Status => vec![STATUS_BRANCHES, "/sha"],
        }
    }

    fn apply(&self, facts: &Facts) -> Option<String> {
        let text = |pointer: &str| facts.glance.text(pointer);
        match self {
            Field(kind, pointers) => {
                let id = pointers.iter().find_map(|pointer| text(pointer))?;
                Some(format!("{kind}/{id}"))
            }
            If(pointer, yes, no) => if facts.glance.raw(pointer).is_some() { yes } else { no }.apply(facts),
            Ref => reference(&text("/ref")?, text("/ref_type").as_deref()),
            Check { pulls, branch, sha } => only_pull_request(facts, pulls)
                .map(|number| format!("pull_request/{number}"))
                .or_else(|| text(branch).map(|name| format!("branch/{name}")))
                .or_else(|| text(sha).map(|sha| format!("commit/{sha}"))),
            Status => only_branch(facts)
                .map(|name| format!("branch/{name}"))
                .or_else(|| text("/sha").map(|sha| format!("commit/{sha}"))),
        }
    }
}

fn reference(name: &str, kind: Option<&str>) -> Option<String> {
    let (kind, name) = match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
        (Some(branch), _) => ("branch", branch),
        (_, Some(tag)) => ("tag", tag),
        _ => (if kind == Some("tag") { "tag" } else { "branch" }, name),
    };
    (!name.is_empty()).then(|| format!("{kind}/{name}"))
}

fn only_pull_request(facts: &Facts, pulls: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Pull {
        number: u64,
        base: Base,
    }
    #[derive(Deserialize)]
    struct Base {
        repo: Id,
    }
    #[derive(Deserialize)]
    struct Id {
        id: u64,
    }
    let pulls: Vec<Pull> = serde_json::from_str(facts.glance.raw(pulls)?).ok()?;
    let here = facts.glance.text("/repository/id")?;
    match pulls.as_slice() {
        [only] if only.base.repo.id.to_string() == here => Some(only.number),
        _ => None,
    }
}

fn only_branch(facts: &Facts) -> Option<String> {
    #[derive(Deserialize)]
    struct Branch {
        name: String,
    }
    let mut branches: Vec<Branch> = serde_json::from_str(facts.glance.raw(STATUS_BRANCHES)?).ok()?;
    (branches.len() == 1).then(|| branches.remove(0).name)
}

#[cfg(test)]
mod tests {
    use crate::{
        facts::Facts,
        session::{Session, Strategy},
        tests::{delivery, lens},
    };

    fn session(strategy: &str, event: &str, payload: &str) -> String {
        let delivery = delivery(event, payload);
        let lens = lens(&["/deployment/environment"]);
        let glance = lens.read(&delivery.payload).unwrap();
        let strategy: Strategy = strategy.parse().unwrap();
        strategy
            .session(&Facts::new(&delivery, &glance))
            .map(|session| session.to_string())
            .unwrap_or_default()
    }

    /// Design section 4's table, row by row.
    #[test]
    fn every_event_stays_in_order_with_its_entity() {
        let here = r#""repository":{"id":1,"full_name":"Acme/Web"}"#;
        let pull = |id: u8, number: u8| format!(r#"{{"number":{number},"base":{{"repo":{{"id":{id}}}}}}}"#);
        let cases = [
            ("pull_request", r#""number":7,"pull_request":{"number":7}"#.to_owned(), "pull_request/7"),
            ("pull_request_review", r#""pull_request":{"number":7}"#.into(), "pull_request/7"),
            ("pull_request_review_thread", r#""pull_request":{"number":7}"#.into(), "pull_request/7"),
            ("issue_comment", r#""issue":{"number":7,"pull_request":{}}"#.into(), "pull_request/7"),
            ("issue_comment", r#""issue":{"number":8}"#.into(), "issue/8"),
            ("issues", r#""issue":{"number":8}"#.into(), "issue/8"),
            (
                "sub_issues",
                r#""action":"sub_issue_added","parent_issue":{"number":1},"sub_issue":{"number":2}"#.into(),
                "issue/1",
            ),
            (
                "sub_issues",
                r#""action":"parent_issue_added","parent_issue":{"number":1},"sub_issue":{"number":2}"#
                    .into(),
                "issue/2",
            ),
            ("push", r#""ref":"refs/heads/feature/x""#.into(), "branch/feature/x"),
            ("push", r#""ref":"refs/tags/v1""#.into(), "tag/v1"),
            ("create", r#""ref":"v1","ref_type":"tag""#.into(), "tag/v1"),
            ("delete", r#""ref":"x","ref_type":"branch""#.into(), "branch/x"),
            (
                "check_run",
                format!(r#""check_run":{{"pull_requests":[{}],"head_sha":"abc"}}"#, pull(1, 9)),
                "pull_request/9",
            ),
            (
                "check_suite",
                format!(r#""check_suite":{{"pull_requests":[{}],"head_branch":"main"}}"#, pull(2, 9)),
                "branch/main",
            ),
            (
                "workflow_run",
                format!(
                    r#""workflow_run":{{"pull_requests":[{},{}],"head_branch":"main"}}"#,
                    pull(1, 8),
                    pull(1, 9)
                ),
                "branch/main",
            ),
            (
                "check_suite",
                r#""check_suite":{"pull_requests":[],"head_branch":null,"head_sha":"abc"}"#.into(),
                "commit/abc",
            ),
            (
                "workflow_job",
                r#""workflow_job":{"head_branch":"main","head_sha":"abc"}"#.into(),
                "branch/main",
            ),
            ("status", r#""sha":"abc","branches":[{"name":"main"}]"#.into(), "branch/main"),
            ("status", r#""sha":"abc","branches":[{"name":"main"},{"name":"x"}]"#.into(), "commit/abc"),
            ("release", r#""release":{"tag_name":"v1.0"}"#.into(), "release/v1.0"),
            ("discussion_comment", r#""discussion":{"number":3}"#.into(), "discussion/3"),
            (
                "deployment_status",
                r#""deployment":{"environment":"production eu"}"#.into(),
                "environment/production%20eu",
            ),
            ("fork", r#""forkee":{}"#.into(), "repository/fork"),
            ("issues", r#""action":"opened""#.into(), "repository/issues"),
            ("never_heard_of", r#""x":1"#.into(), "repository/never_heard_of"),
        ];
        for (event, fields, expected) in cases {
            let payload = format!("{{{fields},{here}}}");
            assert_eq!(
                session("entity", event, &payload),
                format!("acme/web/{expected}"),
                "{event} {payload}"
            );
        }
    }

    #[test]
    fn events_without_a_repository_stay_with_their_account() {
        for (event, payload, expected) in [
            ("organization", r#"{"organization":{"login":"Acme","id":5}}"#, "acme/-/organization/5"),
            ("team", r#"{"organization":{"login":"Acme"},"team":{"id":6}}"#, "acme/-/team/6"),
            (
                "installation",
                r#"{"installation":{"id":9,"account":{"login":"Acme"}}}"#,
                "acme/-/installation/9",
            ),
            (
                "security_advisory",
                r#"{"security_advisory":{"ghsa_id":"GHSA-1"}}"#,
                "-/-/security_advisory/GHSA-1",
            ),
            ("never_heard_of", "{}", "-/-/never_heard_of/-"),
            ("push", r#"{"repository":{"full_name":"no slash"}}"#, "-/-/push/-"),
        ] {
            assert_eq!(session("entity", event, payload), expected);
        }
    }

    #[test]
    fn strategies_cut_wider_or_narrower() {
        let payload = r#"{"repository":{"full_name":"Acme/Web"},"deployment":{"environment":"eu"}}"#;
        assert_eq!(session("repository", "deployment", payload), "acme/web");
        assert_eq!(session("none", "deployment", payload), "");
        assert_eq!(
            session("{owner}/{repo}/env/{/deployment/environment}", "deployment", payload),
            "acme/web/env/eu"
        );
        assert_eq!(
            session("{owner}-{repo}-{/deployment/environment}", "ping", "{}"),
            "-----",
            "what is missing is `-`"
        );
        for bad in ["entitiy", "{owner", "{who}", ""] {
            assert!(bad.parse::<Strategy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_what_both_clouds_take_and_never_collide() {
        let key = |text: &str| Session::from(text).to_string();
        assert_eq!(key("a b/ä%"), "a%20b/%C3%A4%25");
        assert_eq!(key(""), "-");
        let (long, other) = (key(&"x".repeat(500)), key(&"x".repeat(501)));
        assert_eq!((long.len(), other.len()), (128, 128));
        assert_ne!(long, other);
        assert!(key(&"ä".repeat(200)).bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
