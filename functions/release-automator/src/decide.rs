//! What the releases of one tag mean for the next step. Pure: what was listed goes in, the next step comes out.

use pointsman_core::release::notice;
use pointsman_github::Release;

/// What marks a draft as ours.
const KEY: &str = "release";

/// What is there of one tag's release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing: a draft is made.
    Missing,
    /// A draft of ours, to be published; those that are surplus go.
    Draft {
        /// The one that stays: the lowest id, which every run agrees on.
        keep: u64,
        /// Drafts of ours that another run, or this one before it was killed, made too.
        surplus: Vec<u64>,
    },
    /// It is published.
    Published {
        /// Drafts of ours that are left over.
        surplus: Vec<u64>,
    },
}

/// A release's text with the mark by which it is found again.
pub(crate) fn marked(text: &str) -> String {
    notice::write(KEY, text)
}

/// Reads a list of releases. Drafts that a person made, which have no mark of ours, are nobody's business here.
pub(crate) fn standing(releases: &[Release], tag: &str) -> Standing {
    let ours = |release: &&Release| release.body.as_deref().is_some_and(|body| notice::is(body, KEY));
    let of_tag = || releases.iter().filter(|release| release.tag_name == tag);
    let mut drafts: Vec<u64> =
        of_tag().filter(|release| release.draft).filter(ours).map(|release| release.id).collect();
    drafts.sort_unstable();
    drafts.dedup();
    // Read twice, it may be both: a list that is late shows as a draft what is published by now.
    drafts.retain(|id| !of_tag().any(|release| release.id == *id && !release.draft));
    if of_tag().any(|release| !release.draft) {
        return Standing::Published { surplus: drafts };
    }
    if drafts.is_empty() {
        return Standing::Missing;
    }
    let keep = drafts.remove(0);
    Standing::Draft { keep, surplus: drafts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(id: u64, tag: &str, draft: bool, body: &str) -> Release {
        let json = serde_json::json!({ "id": id, "tag_name": tag, "draft": draft, "body": body });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn of_several_drafts_the_lowest_id_stays_and_a_persons_is_left_alone() {
        let ours = marked("Notes");
        let all = [
            release(7, "v1", true, &ours),
            release(5, "v1", true, &ours),
            release(5, "v1", true, &ours),
            release(3, "v1", true, "a person's"),
            release(2, "v2", true, &ours),
        ];
        assert_eq!(standing(&all, "v1"), Standing::Draft { keep: 5, surplus: vec![7] });
        assert_eq!(standing(&all, "v2"), Standing::Draft { keep: 2, surplus: vec![] });
        assert_eq!(standing(&all, "v3"), Standing::Missing);
        assert_eq!(standing(&all[3..4], "v1"), Standing::Missing);
    }

    #[test]
    fn a_published_one_ends_it_whoever_made_it() {
        let ours = marked("Notes");
        let all = [release(9, "v1", true, &ours), release(4, "v1", false, "by hand")];
        assert_eq!(standing(&all, "v1"), Standing::Published { surplus: vec![9] });
    }

    #[test]
    fn what_a_late_list_shows_as_a_draft_is_not_surplus_once_it_is_published() {
        let ours = marked("Notes");
        let all =
            [release(4, "v1", true, &ours), release(9, "v1", true, &ours), release(4, "v1", false, &ours)];
        assert_eq!(standing(&all, "v1"), Standing::Published { surplus: vec![9] });
    }
}
