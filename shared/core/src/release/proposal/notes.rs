//! The part of the pull request's body that people write: what stands between its two marks is kept.

/// The mark before the notes.
pub(super) const BEGIN: &str = "<!-- pointsman:notes (what you write below this line is kept) -->";
/// The mark after them.
pub(super) const END: &str = "<!-- pointsman:notes end -->";

/// The block with what was written in it.
pub(super) fn block(notes: &str) -> String {
    let notes = notes.replace("\r\n", "\n").replace('\r', "\n");
    let notes = notes.trim_matches('\n');
    if notes.trim().is_empty() { format!("{BEGIN}\n\n{END}") } else { format!("{BEGIN}\n{notes}\n{END}") }
}

/// What people wrote in a body's notes; `None` = nothing. Whatever it says, it ends at the last mark: ours comes after
/// it, and what follows that cannot hold one.
pub fn notes(body: &str) -> Option<String> {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let (_, after) = body.split_once(BEGIN)?;
    let (notes, _) = after.rsplit_once(END)?;
    let notes = notes.trim_matches('\n');
    (!notes.trim().is_empty()).then(|| notes.to_owned())
}
