//! Trees and files: what a commit holds, and new trees.

use bytes::Bytes;
use http::{Response, header};
use pointsman_core::port::PortError;
use pointsman_core::release::Sha;
use serde_json::{Value, json};

use super::Repository;
use crate::{Tree, ask::Ask, cache::Keep, path};

/// A tree to be: another one, with files changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTree {
    /// What it is based on.
    pub base: Option<Sha>,
    entries: Vec<Value>,
}

impl NewTree {
    /// Like `base` but for what is put into it.
    #[must_use]
    pub fn on(base: Sha) -> Self {
        Self { base: Some(base), entries: Vec::new() }
    }

    /// A file with this content; `mode` as the file has it now, else `100644`.
    pub fn put(&mut self, path: &str, mode: &str, content: &str) {
        self.entries.push(json!({ "path": path, "mode": mode, "type": "blob", "content": content }));
    }

    /// No such file.
    pub fn remove(&mut self, path: &str) {
        self.entries.push(json!({ "path": path, "mode": "100644", "type": "blob", "sha": null }));
    }
}

impl Repository {
    /// A tree and everything below it, by its own id or its commit's. `truncated` tells that GitHub left some out.
    pub async fn tree(&self, sha: &Sha) -> Result<Tree, PortError> {
        let ask = self.ask_get(&format!("/git/trees/{sha}")).query(&[("recursive", "1".into())]);
        self.get(&ask, Keep::Immutable).await
    }

    /// Makes a tree; no commit has it yet.
    pub async fn create_tree(&self, tree: &NewTree) -> Result<Sha, PortError> {
        let mut body = json!({ "tree": tree.entries });
        if let Some(base) = &tree.base {
            body["base_tree"] = json!(base);
        }
        let made: Tree = self.change(&Ask::post(self.at("/git/trees"), &body)).await?;
        Ok(made.sha)
    }

    /// A file's text at a commit, `None` = there is none. `Invalid`: it is no UTF-8 text, longer than `most` bytes, or
    /// a folder.
    pub async fn text(&self, path: &str, at: &Sha, most: usize) -> Result<Option<String>, PortError> {
        let ask = self.ask_get(&format!("/contents/{}", path::file(path)?));
        let ask = ask.query(&[("ref", at.to_string())]).raw();
        let read = |response: &Response<Bytes>| text(path, response);
        let text = self.github.page(&self.auth, &ask, Keep::Path, read).await?.map(|page| page.value);
        if text.as_ref().is_some_and(|text| text.len() > most) {
            let message =
                format!("{path} is longer than {} kB: that is too long to be read here", most / 1000);
            return Err(PortError::invalid(message));
        }
        Ok(text)
    }
}

fn text(path: &str, response: &Response<Bytes>) -> Result<String, PortError> {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let listing = kind.is_some_and(|kind| kind.starts_with("application/json"));
    // A folder is answered as a list of what is in it, whatever was asked for.
    if listing && serde_json::from_slice::<Vec<Entry>>(response.body()).is_ok() {
        return Err(PortError::invalid(format!("{path} is a folder, not a file")));
    }
    let text = std::str::from_utf8(response.body()).map(str::to_owned);
    text.map_err(|_| PortError::invalid(format!("{path} is no UTF-8 text")))
}

/// What tells a folder's listing from a file that holds a JSON array.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "that they are there is what counts")]
struct Entry {
    path: String,
    sha: String,
    git_url: Option<String>,
}
