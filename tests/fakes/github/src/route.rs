//! Which operation a request asks for: GitHub's own path templates, one table an area.

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{api, auth::Principal, reply::Answer, state::World};

/// One operation of the API.
pub(crate) struct Operation {
    pub method: &'static str,
    /// As GitHub's OpenAPI document has it.
    pub template: &'static str,
    /// `contents:read`: what an installation's token must allow; `jwt` for those of the App; empty for none.
    pub needs: &'static str,
    pub run: fn(&mut World, &Call) -> Answer,
}

/// Shorthand for the tables.
pub(crate) const fn op(
    method: &'static str,
    template: &'static str,
    needs: &'static str,
    run: fn(&mut World, &Call) -> Answer,
) -> Operation {
    Operation { method, template, needs, run }
}

/// A request, taken apart.
pub(crate) struct Call {
    pub params: BTreeMap<&'static str, String>,
    pub query: BTreeMap<String, String>,
    pub body: Value,
    pub accept: String,
    pub principal: Principal,
    /// The path below the API's root, for `Link`.
    pub path: String,
}

impl Call {
    /// A parameter of the path.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A number in the path; 0, which nothing has, if it is none.
    pub fn number(&self, name: &str) -> u64 {
        self.param(name).parse().unwrap_or(0)
    }

    /// A text of the query.
    pub fn ask(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A text of the body.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }

    /// The repository's key.
    pub fn repo(&self) -> String {
        format!("{}/{}", self.param("owner"), self.param("repo")).to_lowercase()
    }

    /// Who acts, for what is written.
    pub fn login(&self) -> String {
        self.principal.login()
    }
}

/// Parameters that take the rest of the path, slashes and all.
const GREEDY: &[&str] = &["ref", "path", "basehead", "branch", "tag"];

/// The operation that a path asks for, and its parameters.
pub(crate) fn find(
    method: &Method,
    path: &str,
) -> Option<(&'static Operation, BTreeMap<&'static str, String>)> {
    let tables = api::TABLES.iter().flat_map(|table| table.iter());
    tables
        .filter(|operation| operation.method == method.as_str())
        .find_map(|operation| Some((operation, matched(operation.template, path)?)))
}

fn matched(template: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut params = BTreeMap::new();
    let mut have = path.strip_prefix('/')?;
    let mut want = template.strip_prefix('/')?.split('/').peekable();
    while let Some(part) = want.next() {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name
            && want.peek().is_none()
            && GREEDY.contains(&name)
        {
            params.insert(name, decode(have));
            return Some(params);
        }
        let (segment, rest) =
            have.split_once('/').map_or((have, None), |(segment, rest)| (segment, Some(rest)));
        match name {
            Some(_) if segment.is_empty() => return None,
            Some(name) => drop(params.insert(name, decode(segment))),
            None if part != segment => return None,
            None => {}
        }
        match (rest, want.peek()) {
            (Some(rest), Some(_)) => have = rest,
            // `/contents` asks for the root, as `/contents/` does.
            (None, Some(&"{path}")) => have = "",
            (None, None) => return Some(params),
            _ => return None,
        }
    }
    None
}
