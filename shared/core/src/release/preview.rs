//! What is said on an open pull request about the next version: one comment, brought up to date.

use semver::Version;

use super::{
    Bump, command,
    text::{inline, plain},
};

/// What the comment begins with, by which it is found again.
pub const MARK: &str = "<!-- pointsman:preview -->";

/// What a pull request will do.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// The branch that it goes into.
    pub target: &'a str,
    /// What it moves; nothing = it is released along with others.
    pub moves: &'a [Moves<'a>],
    /// The floor that a command set.
    pub floor: Option<Bump>,
    /// Its line in the changelog, as Markdown ([`super::changelog`] makes it); `None` = it has none.
    pub line: Option<&'a str>,
    /// Its title is no conventional commit: it would not be counted.
    pub unconventional: bool,
}

/// What it does to one component, or to the repository as one.
#[derive(Debug, Clone, Copy)]
pub struct Moves<'a> {
    /// The component; `None` = the repository as one.
    pub component: Option<&'a str>,
    /// How far this change alone moves it.
    pub bump: Bump,
    /// The next version without it; `None` = nothing would be released.
    pub without: Option<&'a Version>,
    /// The next version with it; `None` = nothing would be released.
    pub with: Option<&'a Version>,
}

/// The comment's text.
pub fn text(preview: &Preview<'_>) -> String {
    let mut text = format!("{MARK}\n### Release preview\n\n");
    for moves in preview.moves {
        text += &format!("* {}\n", told(moves));
    }
    if preview.moves.is_empty() {
        text += &format!("Merging this into `{}` releases nothing by itself.\n", code(preview.target));
    }
    if let Some(floor) = preview.floor {
        text += &format!("\nIt was asked for at least a {} release.\n", command::word(floor));
    }
    if preview.unconventional {
        text += "\nIts title is no conventional commit (such as `fix: what it repairs`), so it will not be in the changelog.\n";
    } else if let Some(line) = preview.line {
        text += &format!("\nIn the changelog:\n\n> * {}\n", plain(line, 4_000));
    } else {
        text += "\nIt will not be in the changelog.\n";
    }
    text
}

fn told(moves: &Moves<'_>) -> String {
    let subject = match moves.component {
        Some(component) => format!("The next version of **{}**", inline(component)),
        None => "The next version".into(),
    };
    let (without, with) = (moves.without, moves.with);
    match (without, with) {
        (_, None) => format!("{subject}: nothing to release."),
        (None, Some(with)) => format!("{subject} will be **{with}** ({} change).", command::word(moves.bump)),
        (Some(without), Some(with)) if without == with => {
            format!("{subject} stays **{with}** ({} change).", command::word(moves.bump))
        }
        (Some(without), Some(with)) => {
            format!(
                "{subject} will be **{with}** instead of {without} ({} change).",
                command::word(moves.bump)
            )
        }
    }
}

/// Within backticks: none of its own.
fn code(text: &str) -> String {
    plain(text, 100).replace('`', "'").replace("<!--", "< !--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_change_does_to_the_next_version() {
        let (lower, higher) = (Version::new(1, 2, 1), Version::new(1, 3, 0));
        let whole = Moves { component: None, bump: Bump::Minor, without: Some(&lower), with: Some(&higher) };
        let first = Moves { component: Some("api"), bump: Bump::Patch, without: None, with: Some(&lower) };
        let same =
            Moves { component: Some("web"), bump: Bump::Patch, without: Some(&higher), with: Some(&higher) };
        let preview = Preview {
            target: "main",
            moves: &[whole, first, same],
            floor: Some(Bump::Major),
            line: Some("**api:** add x (#12)"),
            unconventional: false,
        };
        assert_eq!(
            text(&preview),
            "<!-- pointsman:preview -->\n### Release preview\n\n\
             * The next version will be **1.3.0** instead of 1.2.1 (minor change).\n\
             * The next version of **api** will be **1.2.1** (patch change).\n\
             * The next version of **web** stays **1.3.0** (patch change).\n\n\
             It was asked for at least a major release.\n\n\
             In the changelog:\n\n> * **api:** add x (#12)\n"
        );
    }

    #[test]
    fn it_says_when_nothing_comes_of_it() {
        let preview =
            Preview { target: "a`<!--b", moves: &[], floor: None, line: None, unconventional: true };
        assert_eq!(
            text(&preview),
            "<!-- pointsman:preview -->\n### Release preview\n\n\
             Merging this into `a'< !--b` releases nothing by itself.\n\n\
             Its title is no conventional commit (such as `fix: what it repairs`), so it will not be in the changelog.\n"
        );
    }
}
