//! Sessions: the key within which events stay in order.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::{entity, facts::Facts, port::Received};

/// The longest session that both clouds take, in characters.
pub const LONGEST: usize = 128;

/// A session key: 1 to 128 ASCII graphic characters (SQS MessageGroupId, Service Bus SessionId).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Session(Arc<str>);

impl Session {
    /// From a key that was a session's before, as a queue keeps it: taken as it is, not escaped again.
    pub fn from_key(key: impl Into<Arc<str>>) -> Self {
        Self(key.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Session {
    /// Anything but ASCII graphic characters, and `%`, is percent-encoded; what is then too long is cut and closed with
    /// a hash. Never refused: two different texts never become one session by accident.
    fn from(text: &str) -> Self {
        let mut key = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'%' => key.push_str("%25"),
                0x21..=0x7e => key.push(char::from(byte)),
                _ => key.push_str(&format!("%{byte:02X}")),
            }
        }
        if key.is_empty() {
            key.push('-');
        }
        if key.len() > LONGEST {
            let hash = hex::encode(&sha2::Sha256::digest(text.as_bytes())[..8]);
            key.truncate(LONGEST - 1 - hash.len());
            key.push('~');
            key.push_str(&hash);
        }
        Self(key.into())
    }
}

/// What was received, for hosts that handle sessions side by side: each session's messages are together, in order; each
/// message without a session is alone.
pub fn lanes(messages: Vec<Received>) -> Vec<(Option<Session>, Vec<Received>)> {
    let mut lanes: Vec<(Option<Session>, Vec<Received>)> = Vec::new();
    let mut places: HashMap<Session, usize> = HashMap::new();
    for message in messages {
        let place = match &message.session {
            None => lanes.len(),
            Some(session) => *places.entry(session.clone()).or_insert(lanes.len()),
        };
        if place == lanes.len() {
            lanes.push((message.session.clone(), Vec::new()));
        }
        lanes[place].1.push(message);
    }
    lanes
}

/// How a subscription makes sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// One pull request, one issue, one branch ... : `{owner}/{repo}/{kind}/{id}`.
    #[default]
    Entity,
    /// One repository: `{owner}/{repo}`.
    Repository,
    /// No order: every event on its own.
    None,
    /// Pieces put together, such as `{owner}/{repo}/env/{/deployment/environment}`.
    Template(Vec<Piece>),
}

/// A piece of a session template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// `{owner}`: the repository's owner, or the account, or `-`.
    Owner,
    /// `{repo}`: the repository's name, or `-`.
    Repo,
    /// `{/json/pointer}`: a value of the payload, or `-`.
    Pointer(String),
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "entity" => Ok(Self::Entity),
            "repository" => Ok(Self::Repository),
            "none" => Ok(Self::None),
            _ if text.contains('{') => template(text).map(Self::Template),
            _ => Err(format!(
                "`{text}` is no session strategy: entity, repository, none, or a template such as \
                 {{owner}}/{{repo}}/env/{{/deployment/environment}}"
            )),
        }
    }
}

fn template(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let close = rest[open..].find('}').ok_or_else(|| format!("`{text}` has a {{ without its }}"))? + open;
        pieces.push(match &rest[open + 1..close] {
            "owner" => Piece::Owner,
            "repo" => Piece::Repo,
            pointer if pointer.starts_with('/') => Piece::Pointer(pointer.to_owned()),
            other => {
                return Err(format!(
                    "`{{{other}}}` is unknown in a session template: {{owner}}, {{repo}} or a JSON pointer such as {{/ref}}"
                ));
            }
        });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl Strategy {
    /// Every pointer that it may read.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = if let Self::Template(pieces) = self { pieces } else { &[] };
        pieces.iter().filter_map(|piece| {
            if let Piece::Pointer(pointer) = piece { Some(pointer.as_str()) } else { None }
        })
    }

    /// The session of an event; `None` for [`Strategy::None`].
    pub fn session(&self, facts: &Facts) -> Option<Session> {
        let key = match self {
            Self::Entity => entity::entity(facts),
            Self::Repository => facts.home(),
            Self::None => return None,
            Self::Template(pieces) => pieces.iter().map(|piece| piece.fill(facts)).collect(),
        };
        Some(Session::from(key.as_str()))
    }
}

impl Piece {
    fn fill(&self, facts: &Facts) -> String {
        match (self, &facts.repository) {
            (Self::Text(text), _) => text.clone(),
            (Self::Owner, Some(repository)) => repository.owner.clone(),
            (Self::Owner, None) => facts.account(),
            (Self::Repo, Some(repository)) => repository.name.clone(),
            (Self::Repo, None) => "-".to_owned(),
            (Self::Pointer(pointer), _) => facts.glance.text(pointer).unwrap_or("-".into()).into_owned(),
        }
    }
}
