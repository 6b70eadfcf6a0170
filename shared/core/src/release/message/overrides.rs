//! Several messages in one text, where somebody says so: in a pull request's body, or in a commit's.

use super::{Message, header, lines};

const OVERRIDE: (&str, &str) = ("BEGIN_COMMIT_OVERRIDE", "END_COMMIT_OVERRIDE");
const NESTED: (&str, &str) = ("BEGIN_NESTED_COMMIT", "END_NESTED_COMMIT");

/// The messages between `BEGIN_COMMIT_OVERRIDE` and `END_COMMIT_OVERRIDE` in a pull request's body: they stand instead of
/// those of its commits. A line that begins with a known type (or one of `more`) begins a message.
pub fn overrides(body: &str, more: &dyn Fn(&str) -> bool) -> Option<Vec<Message>> {
    if !body.contains(OVERRIDE.0) {
        return None;
    }
    let body = lines(body);
    let (blocks, _) = blocks(&body, OVERRIDE);
    if blocks.is_empty() {
        return None;
    }
    let mut messages: Vec<String> = Vec::new();
    for line in blocks.iter().flat_map(|block| block.trim().lines()) {
        match messages.last_mut() {
            Some(message) if !header::begins_message(line.trim(), more) => {
                message.push('\n');
                message.push_str(line);
            }
            _ => messages.push(line.to_owned()),
        }
    }
    if messages.is_empty() {
        messages.push(String::new());
    }
    Some(messages.iter().map(|message| Message::read(message)).collect())
}

/// The further messages that a commit's own text holds, each between `BEGIN_NESTED_COMMIT` and `END_NESTED_COMMIT`.
pub fn nested(text: &str) -> Vec<Message> {
    if !text.contains(NESTED.0) {
        return Vec::new();
    }
    let text = lines(text);
    let (blocks, _) = blocks(&text, NESTED);
    blocks.into_iter().map(Message::read).collect()
}

/// The text without its nested messages.
pub(super) fn without_nested(text: &str) -> String {
    blocks(text, NESTED).1
}

/// What stands between the marks, and what does not. A mark without its end is no mark.
fn blocks<'a>(text: &'a str, (begin, end): (&str, &str)) -> (Vec<&'a str>, String) {
    let (mut inner, mut outer, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, behind)) = rest.split_once(begin) {
        let Some((block, after)) = behind.split_once(end) else { break };
        outer.push_str(before);
        inner.push(block);
        rest = after;
    }
    outer.push_str(rest);
    (inner, outer)
}
