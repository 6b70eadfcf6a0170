//! What each type of commit does: the defaults, and the settings' rules over them. Their order is the changelog's.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use super::{Settings, TypeRule};
use crate::release::Bump;

/// Type, section, bump: what holds where the settings say nothing.
const DEFAULTS: &[(&str, Option<&str>, Bump)] = &[
    ("feat", Some("Features"), Bump::Minor),
    ("fix", Some("Bug Fixes"), Bump::Patch),
    ("perf", Some("Performance Improvements"), Bump::Patch),
    ("revert", Some("Reverts"), Bump::Patch),
    ("deps", Some("Dependencies"), Bump::Patch),
    ("docs", None, Bump::None),
    ("style", None, Bump::None),
    ("chore", None, Bump::None),
    ("refactor", None, Bump::None),
    ("test", None, Bump::None),
    ("build", None, Bump::None),
    ("ci", None, Bump::None),
];

/// What commits of a type do, defaults and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The changelog's section, if they are in it.
    pub section: Option<String>,
    /// What they move.
    pub bump: Bump,
}

/// Rules by type, in the order in which the file has them: sections of the changelog follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types(Vec<(String, TypeRule)>);

impl Types {
    /// The rule of a type as it is written.
    pub fn get(&self, kind: &str) -> Option<&TypeRule> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, rule)| rule)
    }

    /// Types and their rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TypeRule)> {
        self.0.iter().map(|(name, rule)| (name.as_str(), rule))
    }
}

impl<const N: usize> From<[(String, TypeRule); N]> for Types {
    fn from(rules: [(String, TypeRule); N]) -> Self {
        Self(rules.into())
    }
}

impl Settings {
    /// The rule of a type, in any case: the settings', else the default one; of an unknown type: not counted.
    pub fn rule(&self, kind: &str) -> Rule {
        let default = DEFAULTS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(kind));
        let (section, moves) = default.map_or((None, Bump::None), |(_, section, bump)| (*section, *bump));
        match self.types.get(kind) {
            Some(rule) => Rule { section: rule.section.clone(), bump: rule.bump.unwrap_or(moves) },
            None => Rule { section: section.map(str::to_owned), bump: moves },
        }
    }

    /// All types with their rules: the default ones in their order, then the settings' further ones in theirs.
    pub fn rules(&self) -> Vec<(&str, Rule)> {
        let known = |kind: &str| DEFAULTS.iter().any(|(name, ..)| name.eq_ignore_ascii_case(kind));
        let defaults = DEFAULTS.iter().map(|(name, ..)| *name);
        let further = self.types.iter().map(|(name, _)| name).filter(|name| !known(name));
        defaults.chain(further).map(|name| (name, self.rule(name))).collect()
    }

    /// The changelog's sections, in order, each once.
    pub fn sections(&self) -> Vec<String> {
        let mut sections: Vec<String> = Vec::new();
        for section in self.rules().into_iter().filter_map(|(_, rule)| rule.section) {
            if !sections.contains(&section) {
                sections.push(section);
            }
        }
        sections
    }
}

impl Serialize for Types {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Types;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of commit types to rules")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Types, A::Error> {
        let mut rules = Vec::new();
        while let Some(entry) = map.next_entry()? {
            rules.push(entry);
        }
        Ok(Types(rules))
    }
}

impl JsonSchema for Types {
    fn schema_name() -> Cow<'static, str> {
        "Types".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        std::collections::BTreeMap::<String, TypeRule>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(section: &str, bump: Bump) -> TypeRule {
        TypeRule { section: Some(section.into()), bump: Some(bump) }
    }

    fn holds(section: &str, bump: Bump) -> Rule {
        Rule { section: Some(section.into()), bump }
    }

    #[test]
    fn a_type_has_the_settings_rule_else_the_default_one() {
        let types =
            [("fix".into(), rule("Fixed", Bump::Minor)), ("sec".into(), rule("Security", Bump::Patch))];
        let settings = Settings { types: types.into(), ..Settings::default() };
        assert_eq!(settings.rule("fix"), holds("Fixed", Bump::Minor));
        assert_eq!(settings.rule("SEC"), holds("Security", Bump::Patch));
        assert_eq!(settings.rule("Feat"), holds("Features", Bump::Minor));
        for uncounted in ["chore", "unheard-of", ""] {
            assert_eq!(settings.rule(uncounted), Rule { section: None, bump: Bump::None }, "{uncounted}");
        }
    }

    #[test]
    fn a_rule_without_a_bump_leaves_what_the_type_moves() {
        let titled = |title: &str| TypeRule { section: Some(title.into()), bump: None };
        let types = [("feat".into(), titled("New")), ("docs".into(), titled("Docs"))];
        let settings = Settings { types: types.into(), ..Settings::default() };
        assert_eq!(settings.rule("feat"), holds("New", Bump::Minor));
        assert_eq!(settings.rule("docs"), holds("Docs", Bump::None));
    }

    #[test]
    fn sections_follow_the_defaults_and_then_the_file() {
        let types = [
            ("zoo".into(), rule("Animals", Bump::Patch)),
            ("ux".into(), rule("Features", Bump::Minor)),
            ("art".into(), rule("Pictures", Bump::Patch)),
            ("perf".into(), TypeRule { section: None, bump: Some(Bump::Patch) }),
        ];
        let settings = Settings { types: types.into(), ..Settings::default() };
        let expected = ["Features", "Bug Fixes", "Reverts", "Dependencies", "Animals", "Pictures"];
        assert_eq!(settings.sections(), expected);
    }
}
