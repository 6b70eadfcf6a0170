//! What the rules need to know of a delivery, read once: event, action, repository, account, and a glance at the rest.

use std::borrow::Cow;

use crate::{delivery::Delivery, payload::Glance};

/// Pointers that every rule may ask for.
pub(crate) const POINTERS: &[&str] = &[
    "/action",
    "/repository/id",
    "/repository/full_name",
    "/repository/url",
    "/organization/url",
    "/organization/login",
    "/installation/id",
    "/installation/account/url",
    "/installation/account/login",
    "/enterprise/slug",
    "/sender/url",
];

const ACCOUNTS: &[&str] = &["/organization/login", "/installation/account/login", "/enterprise/slug"];

/// A repository, lower-cased: GitHub's names do not tell cases apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    /// Its owner.
    pub owner: String,
    /// Its name.
    pub name: String,
}

impl Repository {
    /// From `owner/name`.
    pub fn parse(full_name: &str) -> Option<Self> {
        let (owner, name) = full_name.split_once('/')?;
        let given = !owner.is_empty() && !name.is_empty();
        given.then(|| Self { owner: owner.to_lowercase(), name: name.to_lowercase() })
    }

    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// A delivery as the rules see it.
#[derive(Debug)]
pub struct Facts<'d> {
    /// The delivery itself.
    pub delivery: &'d Delivery,
    /// The payload's action, where it has one.
    pub action: Option<Cow<'d, str>>,
    /// `<event>.<action>`, where it has one.
    with_action: Option<String>,
    /// The repository, where the payload names one.
    pub repository: Option<Repository>,
    /// The payload at the pointers that the rules know.
    pub glance: &'d Glance<'d>,
    /// The entity of a generic source's event, by its own configuration.
    pub entity: Option<String>,
}

impl<'d> Facts<'d> {
    /// Reads them off a glance.
    pub fn new(delivery: &'d Delivery, glance: &'d Glance<'d>) -> Self {
        let repository = glance.text("/repository/full_name").and_then(|name| Repository::parse(&name));
        let action = glance.text("/action");
        let with_action = action.as_ref().map(|action| format!("{}.{action}", delivery.event));
        Self { delivery, action, with_action, repository, glance, entity: None }
    }

    /// `issues.opened`, or without an action `ping`.
    pub fn full_event(&self) -> &str {
        self.with_action.as_deref().unwrap_or(&self.delivery.event)
    }

    /// What event patterns are matched against: `issues` and `issues.opened`.
    pub fn event_names(&self) -> Vec<&str> {
        [self.delivery.event.as_str()].into_iter().chain(self.with_action.as_deref()).collect()
    }

    /// The same of a sender other than GitHub: the entity is what this pointer names, else the source as a whole.
    pub fn generic(delivery: &'d Delivery, glance: &'d Glance<'d>, session: Option<&str>) -> Self {
        let named = session.and_then(|pointer| glance.text(pointer)).map(Cow::into_owned);
        let entity = named.unwrap_or_else(|| format!("{}/-/-/-", delivery.source));
        Self { entity: Some(entity), ..Self::new(delivery, glance) }
    }

    /// The account of an event without a repository, lower-cased, or `-`; of a generic source, the source.
    pub fn account(&self) -> String {
        if self.entity.is_some() {
            return self.delivery.source.to_string();
        }
        let login = ACCOUNTS.iter().find_map(|pointer| self.glance.text(pointer));
        login.map_or_else(|| "-".to_owned(), |login| login.to_lowercase())
    }

    /// `{owner}/{repo}`, or `{account or -}/-`.
    pub fn home(&self) -> String {
        match &self.repository {
            Some(repository) => repository.full_name(),
            None => format!("{}/-", self.account()),
        }
    }
}
