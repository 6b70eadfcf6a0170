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
