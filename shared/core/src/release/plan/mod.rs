//! What is released next, and why: tags -> commits since -> messages, what they cancel and count -> version -> files.

mod advice;
mod cancel;
mod changes;
mod count;
mod history;
mod paths;
mod types;
mod versions;
mod write;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{Settings, Source, settings::Part};
use crate::port::PortError;

pub use super::files::Change;
pub use advice::{Advice, is_for_people};
pub use types::{Counted, Plan, Release, Wishes};
pub use write::entry;

/// One part with its history, on its way to a release.
struct Draft<'a> {
    part: &'a Part,
    past: history::Past,
    commits: Vec<Counted>,
    /// The versions that footers ask for, newest first.
    asked: Vec<count::Asked>,
}

/// Plans what the source's head would release, by settings as they hold on its branch. Reads; changes nothing.
pub async fn draft(
    source: &dyn Source,
    settings: &Settings,
    wishes: &Wishes,
    now: Timestamp,
) -> Result<Plan, PortError> {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let parts = settings.parts();
    let mut warnings = Vec::new();
    let mut paths = paths::Touched::new(source);
    let mut reader = changes::Reader::default();
    let mut drafts = Vec::new();
    for part in &parts {
        let past = history::past(source, part).await?;
        let changes = reader.read(&past.commits, settings);
        let counter = count::Counter { part, settings, wishes, line: &past.line, today };
        let (commits, asked) = counter.count(changes, &mut paths).await?;
        drafts.push(Draft { part, past, commits, asked });
    }
    let due = versions::decide(&drafts, settings, wishes, today, &mut warnings)?;
    let mut desk = write::Desk::new(source, settings, wishes, today);
    let mut releases = Vec::new();
    for (draft, next) in drafts.into_iter().zip(due) {
        if let Some(next) = next {
            releases.push(desk.release(draft, next, &mut warnings).await?);
        }
    }
    Ok(Plan { releases, warnings })
}
