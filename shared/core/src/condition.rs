//! `when`: a CEL expression over `event` (the CloudEvent's attributes) and `data` (the payload).

use std::{
    cell::OnceCell,
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use cel::{
    Context, Env, Program, Value,
    common::ast::{EntryExpr, Expr, IdedExpr},
};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::event::Event;

/// CEL's standard functions, built once.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled condition.
pub struct Condition {
    program: Program,
    reads_data: bool,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("reads_data", &self.reads_data).finish_non_exhaustive()
    }
}

impl Condition {
    /// Compiles it; refuses names other than `event` and `data`.
    pub fn parse(text: &str) -> Result<Self, String> {
        bounded(text)?;
        let program = Program::compile(text).map_err(|error| {
            let shown = error.to_string();
            format!("not a CEL expression: {}", shown.lines().next().unwrap_or("it cannot be parsed"))
        })?;
        let mut bound = vec!["event", "data"];
        bind(program.expression(), &mut bound);
        let references = program.references();
        if let Some(unknown) = references.variables().into_iter().find(|name| !bound.contains(name)) {
            return Err(format!(
                "`{unknown}` is unknown: an expression reads `event` and `data`, such as data.ref"
            ));
        }
        let reads_data = references.has_variable("data");
        Ok(Self { program, reads_data })
    }

    /// Whether it holds. An error (a missing field, a wrong type) or anything but true and false is told.
    pub fn holds(&self, subject: &Subject) -> Result<bool, String> {
        let mut context = Context::with_env(STANDARD.clone());
        context.add_variable_from_value("event", subject.event());
        if self.reads_data {
            context.add_variable_from_value("data", subject.data()?);
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("the expression is a {}, not true or false", other.type_of())),
            Err(error) => Err(brief(&error.to_string())),
        }
    }
}

/// CEL's parser recurses, some 80 kB of stack a bracket in a debug build: bounded before it is compiled.
fn bounded(text: &str) -> Result<(), String> {
    const LONGEST: usize = 2_000;
    const DEEPEST: i32 = 10;
    let mut depth = 0;
    let deepest = text.chars().fold(0, |deepest, c| {
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        deepest.max(depth)
    });
    if text.len() > LONGEST || deepest > DEEPEST {
        return Err(format!("an expression has at most {LONGEST} bytes and {DEEPEST} brackets in brackets"));
    }
    Ok(())
}

/// Errors of the interpreter quote values, and values are payload: keep what a person needs.
fn brief(error: &str) -> String {
    error.chars().take(120).collect()
}

/// The variables that macros such as `exists(label, ...)` bind.
fn bind<'e>(node: &'e IdedExpr, bound: &mut Vec<&'e str>) {
    let mut visit = |node: &'e IdedExpr| bind(node, bound);
    match &node.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| visit(target));
            call.args.iter().for_each(visit);
        }
        Expr::Comprehension(it) => {
            [&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result]
                .into_iter()
                .for_each(&mut visit);
            bound.push(&it.iter_var);
            bound.extend(it.iter_var2.as_deref());
            bound.push(&it.accu_var);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Select(select) => visit(&select.operand),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    visit(&entry.key);
                    visit(&entry.value);
                }
            }
        }
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// One event as conditions see it. Attributes and payload are read at most once, and only if a condition asks for them.
pub struct Subject<'e> {
    event: &'e Event,
    payload: &'e Bytes,
    attributes: OnceCell<Value>,
    data: OnceCell<Result<Value, String>>,
}

impl<'e> Subject<'e> {
    /// Of an event and its payload.
    pub fn new(event: &'e Event, payload: &'e Bytes) -> Self {
        Self { event, payload, attributes: OnceCell::new(), data: OnceCell::new() }
    }

    fn event(&self) -> Value {
        let read = || {
            let attributes = self.event.attributes().into_iter();
            attributes
                .map(|(name, value)| (name.to_owned(), value.as_ref().into()))
                .collect::<HashMap<String, Value>>()
                .into()
        };
        self.attributes.get_or_init(read).clone()
    }

    fn data(&self) -> Result<Value, String> {
        let read =
            || serde_json::from_slice(self.payload).map(|Json(value)| value).map_err(|e| e.to_string());
        self.data.get_or_init(read).clone()
    }
}

/// JSON as a CEL value: whole numbers are `int`, so that `data.number == 5` and `+ 1` mean what they say.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::UInt(value), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Json(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::List(Arc::new(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values: HashMap<String, Value> = HashMap::new();
        while let Some((key, Json(value))) = map.next_entry()? {
            values.insert(key, value);
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::Facts,
        tests::{delivery, lens},
    };

    const PAYLOAD: &str = r#"{"ref":"refs/heads/main","number":5,"size":1.5,
        "labels":[{"name":"bug"},{"name":"p1"}],"draft":false,"none":null}"#;

    fn holds(when: &str) -> Result<bool, String> {
        let (event, payload) = (event(), PAYLOAD.into());
        Condition::parse(when)?.holds(&Subject::new(&event, &payload))
    }

    fn event() -> Event {
        let delivery = delivery("push", PAYLOAD);
        let lens = lens(&[]);
        let glance = lens.read(&delivery.payload).unwrap();
        Event::github(&Facts::new(&delivery, &glance))
    }

    #[test]
    fn expressions_read_the_event_and_the_payload() {
        for yes in [
            r#"data.ref == "refs/heads/main""#,
            "data.number == 5 && data.number + 1 > 5",
            r#"event.type == "com.github.push""#,
            r#"data.labels.exists(label, label.name == "bug")"#,
            r#"data.labels.map(l, l.name) == ["bug", "p1"]"#,
            r#"data.ref.startsWith("refs/heads/") && !data.draft"#,
            r#"data.ref.matches("^refs/heads/(main|release-.*)$")"#,
            "has(data.number) && !has(data.missing)",
            "data.none == null && data.size > 1.0",
        ] {
            assert_eq!(holds(yes), Ok(true), "{yes}");
        }
        assert_eq!(holds("data.number == 6"), Ok(false));
    }

    #[test]
    fn what_cannot_be_compiled_is_told_at_start() {
        for (bad, part) in [
            ("data.ref ==", "CEL"),
            ("ref == 1", "`ref` is unknown"),
            ("payload.x", "`payload`"),
            ("", "CEL"),
        ] {
            let told = Condition::parse(bad).unwrap_err();
            assert!(told.contains(part), "{bad}: {told}");
        }
    }

    #[test]
    fn an_error_or_another_type_is_told_and_never_true() {
        assert!(holds("data.missing.deeper == 1").is_err());
        assert_eq!(holds("data.number"), Err("the expression is a int, not true or false".into()));
    }

    #[test]
    fn a_payload_that_no_condition_reads_is_never_parsed() {
        let (event, payload) = (event(), Bytes::from_static(b"not json"));
        let subject = Subject::new(&event, &payload);
        assert_eq!(Condition::parse("event.type == 'com.github.push'").unwrap().holds(&subject), Ok(true));
        assert!(Condition::parse("data.a == 1").unwrap().holds(&subject).is_err());
    }
}
