//! The configuration in force: what is left out filled in, and how it is shown.

use std::{collections::BTreeMap, path::Path};

use saphyr::{EmitError, Mapping, Scalar, Yaml, YamlEmitter};
use serde_json::Value;

use super::{
    REPLAY,
    model::{Config, Queues, QueuesEntry, Source, Subscription, Verify},
    rules::{AWS_DEDUP_WINDOW, DEFAULT_QUEUE},
};
use crate::port::{QueueName, QueueSettings, SecretRef};

impl Config {
    /// As without a file: GitHub, with the secret in this file, and everything into the queue `all`.
    pub fn without_file(secret_file: &Path) -> Self {
        let secret = SecretRef::File(secret_file.to_string_lossy().into_owned());
        let github = Source { secrets: vec![secret], ..Source::default() };
        let all = Subscription { name: "all".into(), events: vec!["*".into()], ..Subscription::default() };
        Self { sources: [("github".to_owned(), github)].into(), subscriptions: vec![all], ..Self::default() }
    }

    /// The queues of the subscriptions, by name, each with its settings.
    pub fn queues(&self) -> Vec<(QueueName, QueueSettings)> {
        let all = self.all_subscriptions();
        let replay = self.admin.as_ref().map(|_| REPLAY);
        let named: BTreeMap<String, QueueSettings> = all
            .iter()
            .map(Subscription::queue)
            .chain(replay)
            .map(|name| (name.to_owned(), self.settings(name)))
            .collect();
        let parsed = |(name, settings): (String, _)| Some((name.parse().ok()?, settings));
        named.into_iter().filter_map(parsed).collect()
    }

    /// One queue's settings: its own, else `default`'s, else the built-in ones.
    fn settings(&self, queue: &str) -> QueueSettings {
        let (own, default) = (self.queues.0.get(queue), self.queues.0.get(DEFAULT_QUEUE));
        let entries = || [own, default].into_iter().flatten();
        let mut built_in = QueueSettings::default();
        if self.is_aws() {
            built_in.dedup_window = AWS_DEDUP_WINDOW;
        }
        QueueSettings {
            max_deliveries: entries()
                .find_map(|entry| entry.max_deliveries)
                .unwrap_or(built_in.max_deliveries),
            visibility: entries().find_map(|entry| entry.visibility).unwrap_or(built_in.visibility),
            dedup_window: entries().find_map(|entry| entry.dedup_window).unwrap_or(built_in.dedup_window),
            on_poison: self
                .subscriptions
                .iter()
                .filter(|it| it.queue() == queue)
                .find_map(|it| it.on_poison)
                .unwrap_or_default(),
            max_age: entries().find_map(|entry| entry.max_age).unwrap_or(built_in.max_age),
        }
    }

    /// The configuration in force with every default written out and no secret: a literal is masked.
    pub fn shown(&self) -> Value {
        let mut shown = self.clone();
        let all = self.all_subscriptions();
        let queues = [DEFAULT_QUEUE].into_iter().chain(all.iter().map(Subscription::queue));
        let filled = |name: &str| (name.to_owned(), entry(self.settings(name)));
        shown.queues = Queues(queues.map(filled).collect());
        shown.subscriptions.iter_mut().for_each(Subscription::fill);
        shown.release.source = shown.release.source.or_else(|| Some(self.release_app()?.0.to_owned()));
        shown.sources.values_mut().filter_map(|source| source.verify.as_mut()).for_each(fill_signed);
        let mut value =
            serde_json::to_value(shown).expect("a configuration is made of texts, numbers and lists");
        drop_nulls(&mut value);
        value
    }

    /// Every subscription with its defaults, those of the release stages among them.
    pub fn shown_subscriptions(&self) -> Vec<Subscription> {
        let mut all = self.all_subscriptions();
        all.iter_mut().for_each(Subscription::fill);
        all
    }
}

impl Subscription {
    /// Writes its defaults out.
    fn fill(&mut self) {
        self.queue = Some(self.queue().to_owned());
        self.session.get_or_insert_with(|| "entity".into());
        self.concurrency.get_or_insert(1);
        self.on_poison.get_or_insert_default();
    }

    /// The name of its queue: `queue`, else its own.
    pub fn queue(&self) -> &str {
        self.queue.as_deref().unwrap_or(&self.name)
    }
}

fn entry(settings: QueueSettings) -> QueuesEntry {
    QueuesEntry {
        max_deliveries: Some(settings.max_deliveries),
        visibility: Some(settings.visibility),
        dedup_window: Some(settings.dedup_window),
        max_age: Some(settings.max_age),
    }
}

fn fill_signed(verify: &mut Verify) {
    match verify {
        Verify::Hmac(hmac) => _ = hmac.signed.get_or_insert_with(|| "{body}".into()),
        Verify::Ed25519 { signed, timestamp, .. } => {
            let default = if timestamp.is_some() { "{timestamp}{body}" } else { "{body}" };
            signed.get_or_insert_with(|| default.into());
        }
        Verify::Token { .. } | Verify::StandardWebhooks { .. } => {}
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// JSON as YAML.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    let emitted: Result<(), EmitError> = YamlEmitter::new(&mut text).dump(&yaml(value));
    emitted.expect("writing into a String cannot fail");
    let body = text.strip_prefix("---\n").unwrap_or(&text);
    format!("{body}\n")
}

fn yaml(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(value) => Yaml::Value(Scalar::Boolean(*value)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Yaml::Value(Scalar::Integer(number)),
            None => Yaml::Value(Scalar::FloatingPoint(number.as_f64().unwrap_or(f64::NAN).into())),
        },
        Value::String(text) => Yaml::Value(Scalar::String(text.into())),
        Value::Array(items) => Yaml::Sequence(items.iter().map(yaml).collect()),
        Value::Object(entries) => {
            let pair = |(key, value)| (Yaml::Value(Scalar::String(String::as_str(key).into())), yaml(value));
            Yaml::Mapping(entries.iter().map(pair).collect::<Mapping<'_>>())
        }
    }
}
