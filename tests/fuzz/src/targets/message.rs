//! Commits' messages: every text is one, and a conventional one that is written down again says the same.

use pointsman_core::release::message::{Message, bare, nested, overrides, pull_number};

pub fn target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let message = Message::read(&text);
    assert_eq!(message, Message::read(&text));
    rules(&message);
    again(&message);
    overrides(&text, &|_| true).into_iter().flatten().for_each(|message| rules(&message));
    nested(&text).iter().for_each(rules);
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains(bare(first)), "{first:?}");
    assert!(pull_number(first).is_none_or(|number| first.contains(&number.to_string())), "{first:?}");
}

fn rules(message: &Message) {
    assert!(!message.description.contains(['\n', '\r']), "{message:?}");
    assert!(message.breaking || message.breaking_description.is_none(), "{message:?}");
    if let Some(kind) = &message.kind {
        assert!(!kind.is_empty() && *kind == kind.to_lowercase(), "{message:?}");
    }
}

/// Its first line, written by the rule book.
fn again(message: &Message) {
    let Some(kind) = &message.kind else { return };
    if kind == "revert" {
        return; // git writes these, in words of its own
    }
    let scope = message.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
    let mark = if message.breaking { "!" } else { "" };
    let read = Message::read(&format!("{kind}{scope}{mark}: {}", message.description));
    let said = |it: &Message| (it.kind.clone(), it.scope.clone(), it.description.clone(), it.breaking);
    assert_eq!(said(&read), said(message));
}
