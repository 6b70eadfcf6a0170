//! Routing: which subscriptions want an event, and in which session of which queue it goes to them.
//!
//! Compiled once: however many subscriptions there are, an event is matched against all patterns in one walk.

use fixedbitset::FixedBitSet;

pub use crate::pattern::{check_event_pattern, check_repository_pattern};
use crate::{
    condition::{Condition, Subject},
    config,
    facts::Facts,
    pattern::{List, Lists},
    port::QueueName,
    session::{Session, Strategy},
};

/// All subscriptions, compiled.
#[derive(Debug)]
pub struct Router {
    subscriptions: Vec<Compiled>,
    events: Lists,
    repositories: Lists,
    conditions: Vec<(String, Condition)>,
}

#[derive(Debug)]
struct Compiled {
    name: String,
    queue: QueueName,
    strategy: Strategy,
    condition: Option<usize>,
    source: Option<String>,
    events: Vec<String>,
    repositories: Vec<String>,
}

/// Where one event goes.
#[derive(Debug, Default)]
pub struct Routes {
    /// Names of the subscriptions that want it.
    pub subscriptions: Vec<String>,
    /// The queues that it goes into, each once, with the session there.
    pub queues: Vec<(QueueName, Option<Session>)>,
    /// Subscriptions whose condition failed, which is no match, and why.
    pub failed: Vec<(String, String)>,
}

/// Whose event it is, where only that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// A repository's, by its lower-cased `owner/name`.
    Repository(&'a str),
    /// No repository's.
    Nobodys,
    /// Some repository's, whose name is not known.
    Unknown,
}

/// Why one subscription wants an event or does not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The subscription.
    pub subscription: String,
    /// Its queue.
    pub queue: QueueName,
    /// Whether it wants the event.
    pub matches: bool,
    /// The session there, where it matches and keeps order.
    pub session: Option<Session>,
    /// Why, for a person.
    pub because: String,
}

impl Router {
    /// Compiles subscriptions. They were checked with the configuration: an error here names the same fault.
    pub fn new(subscriptions: &[config::Subscription]) -> Result<Self, String> {
        let lower = |patterns: &[String]| patterns.iter().map(|p| p.to_lowercase()).collect::<Vec<_>>();
        let mut conditions: Vec<(String, Condition)> = Vec::new();
        let mut compiled = Vec::with_capacity(subscriptions.len());
        for wanted in subscriptions {
            compiled.push(Compiled {
                name: wanted.name.clone(),
                queue: wanted.queue.as_deref().unwrap_or(&wanted.name).parse()?,
                strategy: wanted.session.as_deref().map_or(Ok(Strategy::Entity), str::parse)?,
                condition: wanted.when.as_deref().map(|when| intern(&mut conditions, when)).transpose()?,
                source: wanted.source.clone(),
                events: wanted.events.clone(),
                repositories: lower(&wanted.repositories),
            });
        }
        let events = Lists::new(compiled.iter().map(|it| it.events.iter().map(String::as_str)))?;
        let repositories = Lists::new(compiled.iter().map(|it| it.repositories.iter().map(String::as_str)))?;
        Ok(Self { subscriptions: compiled, events, repositories, conditions })
    }

    /// Every subscription's name and queue.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &QueueName)> {
        self.subscriptions.iter().map(|subscription| (subscription.name.as_str(), &subscription.queue))
    }

    /// Every pointer that a session template may read.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.subscriptions.iter().flat_map(|subscription| subscription.strategy.pointers())
    }

    /// Where the event goes.
    pub fn route(&self, facts: &Facts, subject: &Subject) -> Routes {
        self.route_among(facts, subject, |_| true)
    }

    /// Where it goes, were there only the subscriptions of these names.
    pub fn route_among(&self, facts: &Facts, subject: &Subject, is_asked: impl Fn(&str) -> bool) -> Routes {
        let mut routes = Routes::default();
        let mut known: Vec<Option<Result<bool, String>>> = vec![None; self.conditions.len()];
        for index in self.candidates(facts).ones() {
            let subscription = &self.subscriptions[index];
            if !subscription.takes_from(facts) || !is_asked(&subscription.name) {
                continue;
            }
            let holds = subscription.condition.map_or(&Ok(true), |at| {
                known[at].get_or_insert_with(|| self.conditions[at].1.holds(subject))
            });
            match holds {
                Ok(true) => routes.add(subscription, facts),
                Ok(false) => {}
                Err(why) => routes.failed.push((subscription.name.clone(), why.clone())),
            }
        }
        routes
    }

    /// Whether some subscription may want such an event, as far as that can be told without its payload.
    pub fn may_want(&self, source: &str, events: &[&str], of: Whose<'_>) -> bool {
        let mut found = self.events.matching(events);
        match of {
            Whose::Unknown => {}
            Whose::Nobodys => found.intersect_with(&self.repositories.matching(&[])),
            Whose::Repository(name) => found.intersect_with(&self.repositories.matching(&[name])),
        }
        let takes = |it: &Compiled| it.source.as_deref().is_none_or(|wanted| wanted == source);
        found.ones().any(|index| takes(&self.subscriptions[index]))
    }

    /// Whether it matters to any subscription which repository an event is of.
    pub fn names_repositories(&self) -> bool {
        self.subscriptions.iter().any(|it| !it.repositories.is_empty())
    }

    /// The session of an event in this queue, whether a subscription wants it there or not.
    pub fn session_in(&self, queue: &QueueName, facts: &Facts) -> Option<Session> {
        let owner = self.subscriptions.iter().find(|it| it.queue == *queue);
        owner.map_or(&Strategy::Entity, |it| &it.strategy).session(facts)
    }

    /// The subscriptions whose events and repositories match.
    fn candidates(&self, facts: &Facts) -> FixedBitSet {
        let mut found = self.events.matching(&facts.event_names());
        let repository = facts.repository.as_ref().map(|repository| repository.full_name());
        found.intersect_with(&self.repositories.matching(repository.as_deref().as_slice()));
        found
    }

    /// For every subscription: whether it wants the event, and why.
    pub fn explain(&self, facts: &Facts, subject: &Subject) -> Vec<Verdict> {
        self.subscriptions.iter().map(|subscription| self.verdict(subscription, facts, subject)).collect()
    }

    fn verdict(&self, subscription: &Compiled, facts: &Facts, subject: &Subject) -> Verdict {
        let because = self.because(subscription, facts, subject);
        Verdict {
            subscription: subscription.name.clone(),
            queue: subscription.queue.clone(),
            matches: because.is_ok(),
            session: because.is_ok().then(|| subscription.strategy.session(facts)).flatten(),
            because: because.unwrap_or_else(|why| why),
        }
    }

    fn because(&self, subscription: &Compiled, facts: &Facts, subject: &Subject) -> Result<String, String> {
        let matches = |patterns: &[String], texts: &[&str]| {
            List::new(patterns.iter().map(String::as_str)).is_ok_and(|list| list.matches(texts))
        };
        let full = facts.full_event();
        if !subscription.takes_from(facts) {
            let wanted = subscription.source.as_deref().unwrap_or_default();
            return Err(format!("it came in by `{}`, not by `{wanted}`", facts.delivery.source));
        }
        if !matches(&subscription.events, &facts.event_names()) {
            return Err(format!("event `{full}` is not among {}", shown(&subscription.events)));
        }
        let repository = facts.repository.as_ref().map(|repository| repository.full_name());
        if !matches(&subscription.repositories, repository.as_deref().as_slice()) {
            let it = repository
                .map_or("the event has no repository, and it".into(), |name| format!("repository `{name}`"));
            return Err(format!("{it} is not among {}", shown(&subscription.repositories)));
        }
        let Some(at) = subscription.condition else {
            return Ok(format!("event `{full}` and its repository match"));
        };
        let (text, condition) = &self.conditions[at];
        match condition.holds(subject) {
            Ok(true) => Ok(format!("event `{full}`, its repository and `{text}` match")),
            Ok(false) => Err(format!("`{text}` is false")),
            Err(why) => Err(format!("`{text}` failed, which is no match: {why}")),
        }
    }
}

impl Compiled {
    fn takes_from(&self, facts: &Facts) -> bool {
        self.source.as_ref().is_none_or(|source| **source == *facts.delivery.source.0)
    }
}

impl Routes {
    fn add(&mut self, subscription: &Compiled, facts: &Facts) {
        self.subscriptions.push(subscription.name.clone());
        if self.queues.iter().all(|(queue, _)| *queue != subscription.queue) {
            self.queues.push((subscription.queue.clone(), subscription.strategy.session(facts)));
        }
    }
}

/// Equal expressions are compiled once, and evaluated once an event.
fn intern(conditions: &mut Vec<(String, Condition)>, when: &str) -> Result<usize, String> {
    if let Some(at) = conditions.iter().position(|(text, _)| text == when) {
        return Ok(at);
    }
    conditions.push((when.to_owned(), Condition::parse(when)?));
    Ok(conditions.len() - 1)
}

fn shown(patterns: &[String]) -> String {
    format!("[{}]", patterns.join(", "))
}
