//! Whose an answer is that was kept: its record's key is a hash, its value tells.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ask::Ask, client::Auth};

/// Who asked, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<u64>,
    /// The path of a list's first page.
    pub path: String,
}

/// As much of a record as tells whose it is.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    about: About,
    body: Value,
}

impl About {
    pub fn new(auth: &Auth, ask: &Ask) -> Self {
        let installation = if let Auth::Installation((id, _)) = auth { Some(*id) } else { None };
        Self { installation, path: ask.begins.clone() }
    }
}

/// Whether the kept answer `record` speaks of this repository (lower-cased `owner/name`): it was asked about it, or
/// lists it.
pub fn is_about_repository(record: &[u8], repository: &str) -> bool {
    let Ok(Answer { about, body }) = serde_json::from_slice(record) else { return false };
    let mut parts = about.path.split('/').skip(1);
    let asked = match (parts.next(), parts.next(), parts.next()) {
        (Some("repos"), Some(owner), Some(name)) => {
            format!("{owner}/{name}").eq_ignore_ascii_case(repository)
        }
        _ => false,
    };
    let named = |value: &Value| value.as_str().is_some_and(|name| name.eq_ignore_ascii_case(repository));
    asked || has(&body, "full_name", &named)
}

/// Whether the kept answer `record` was shown to this installation, or is about it.
pub fn is_about_installation(record: &[u8], installation: u64) -> bool {
    let Ok(Answer { about, body }) = serde_json::from_slice(record) else { return false };
    let lists = about.path.starts_with("/app/installations") || about.path.ends_with("/installation");
    about.installation == Some(installation)
        || lists && has(&body, "id", &|id| id.as_u64() == Some(installation))
}

/// Whether a member of this name satisfies the test, at any depth.
fn has(value: &Value, name: &str, test: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has(item, name, test)),
        Value::Object(members) => {
            members.iter().any(|(key, value)| (key == name && test(value)) || has(value, name, test))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(installation: Option<u64>, path: &str, body: &str) -> Vec<u8> {
        let about = serde_json::to_string(&About { installation, path: path.into() }).unwrap();
        format!(r#"{{"etag":"e","body":{body},"about":{about},"written":"2026-01-01T00:00:00Z"}}"#)
            .into_bytes()
    }

    #[test]
    fn an_answer_is_the_repositorys_that_was_asked_about_or_that_it_lists() {
        let asked = record(Some(7), "/repos/Acme/Web/pulls", "[]");
        assert!(is_about_repository(&asked, "acme/web"));
        assert!(!is_about_repository(&asked, "acme/web-2") && !is_about_repository(&asked, "acme/we"));
        let list =
            record(Some(7), "/installation/repositories", r#"{"repositories":[{"full_name":"Acme/Web"}]}"#);
        assert!(is_about_repository(&list, "acme/web") && !is_about_repository(&list, "acme/web-2"));
        for other in ["", "7", "{}", r#"{"body":[]}"#] {
            assert!(!is_about_repository(other.as_bytes(), "acme/web"), "{other}");
        }
    }

    #[test]
    fn an_answer_is_the_installations_that_asked_or_that_it_describes() {
        assert!(is_about_installation(&record(Some(7), "/repos/acme/web", "{}"), 7));
        assert!(!is_about_installation(&record(Some(8), "/repos/acme/web", r#"{"id":7}"#), 7));
        for path in ["/app/installations", "/app/installations/7", "/repos/acme/web/installation"] {
            assert!(is_about_installation(&record(None, path, r#"[{"id":7}]"#), 7), "{path}");
            assert!(!is_about_installation(&record(None, path, r#"[{"id":77}]"#), 7), "{path}");
        }
    }
}
