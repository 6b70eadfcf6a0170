//! What people ask for in a pull request's comments, and what they are answered.

use semver::Version;

use super::{
    Bump,
    text::{inline, plain},
};

/// The most commands of one comment that are run.
pub const MOST: usize = 5;

/// What a comment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// On a feature's pull request: the next version moves at least so far when it is merged.
    Release(Bump),
    /// On the release pull request: the next version is this one.
    SetVersion {
        /// The version.
        version: Version,
        /// The component; `None` = the only one that is released.
        component: Option<String>,
    },
    /// Makes the release pull request anew, also over commits that people made on its branch; ends a hold.
    Rebuild,
    /// Leaves the release pull request as it is until it is rebuilt.
    Hold,
    /// Tells the commands.
    Help,
    /// Something that is no command: what is wrong with it.
    Unknown(String),
}

/// The commands of a comment, in order: each begins a line, outside code, quotes and HTML comments.
pub fn parse(comment: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut hidden = false;
    for line in comment.lines() {
        let start = line.trim_start();
        let run = |c: char| start.chars().take_while(|found| *found == c).count();
        let marks = ['`', '~'].into_iter().map(|c| (c, run(c))).find(|(_, length)| *length >= 3);
        match (fence, marks) {
            (Some((c, length)), Some((found, run))) if c == found && run >= length => fence = None,
            (Some(_), _) => {}
            (None, Some(opened)) if !hidden => fence = Some(opened),
            _ => {
                let was_hidden = hidden;
                hidden = still_hidden(line, hidden);
                if !was_hidden {
                    commands.extend(command(line));
                }
            }
        }
        if commands.len() == MOST {
            break;
        }
    }
    commands
}

/// Whether an HTML comment is open after this line.
fn still_hidden(line: &str, hidden: bool) -> bool {
    match (line.rfind("<!--"), line.rfind("-->")) {
        (Some(opened), Some(closed)) => opened > closed,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => hidden,
    }
}

fn command(line: &str) -> Option<Command> {
    let mut words = line.split_whitespace();
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let name = match words.next()? {
        "/pointsman" => words.next().unwrap_or("help"),
        "!release" => "release",
        "!set-version" => "set-version",
        _ => return None,
    };
    let rest: Vec<&str> = words.take(4).collect();
    Some(match (name, rest.as_slice()) {
        ("release", [bump]) => moved(bump)
            .map_or_else(|| unknown(line, "it is `release major`, `minor` or `patch`"), Command::Release),
        ("release", _) => unknown(line, "it is `release major`, `minor` or `patch`"),
        ("set-version", [version]) => set(line, version, None),
        ("set-version", [version, component]) => set(line, version, Some(component)),
        ("set-version", _) => {
            unknown(line, "it is `set-version X.Y.Z`, with components `set-version X.Y.Z COMPONENT`")
        }
        ("rebuild", []) => Command::Rebuild,
        ("hold", []) => Command::Hold,
        ("help", []) => Command::Help,
        ("rebuild" | "hold" | "help", _) => unknown(line, "this command stands alone"),
        _ => unknown(line, "there is no such command"),
    })
}

fn moved(word: &str) -> Option<Bump> {
    match word {
        "major" => Some(Bump::Major),
        "minor" => Some(Bump::Minor),
        "patch" => Some(Bump::Patch),
        _ => None,
    }
}

fn set(line: &str, version: &str, component: Option<&str>) -> Command {
    match version.strip_prefix('v').unwrap_or(version).parse() {
        Ok(version) => Command::SetVersion { version, component: component.map(str::to_owned) },
        Err(_) => unknown(line, "this is no semantic version, such as 1.2.0 or 2.0.0-beta.1"),
    }
}

fn unknown(line: &str, why: &str) -> Command {
    Command::Unknown(format!("{}: {why}.", inline(&plain(line, 80))))
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The pull request moves the next version at least so far.
    Floor(Bump),
    /// The next version is set.
    VersionSet {
        /// The version.
        version: Version,
        /// The component.
        component: Option<String>,
    },
    /// The version cannot be set: why, in words.
    VersionRefused(String),
    /// The release pull request is made anew.
    Rebuilding,
    /// The release pull request is left as it is.
    Holding,
    /// The commands.
    Help,
    /// Not understood: why, in words.
    Unknown(String),
    /// Who asked may not write to the repository.
    NotAllowed,
    /// The command belongs on the release pull request, and this is another.
    OnlyOnRelease,
    /// The command belongs on a feature's pull request, and this is the release's.
    OnlyOnFeature,
}

impl Answer {
    /// Whether what was asked is done.
    pub fn is_done(&self) -> bool {
        matches!(
            self,
            Self::Floor(_) | Self::VersionSet { .. } | Self::Rebuilding | Self::Holding | Self::Help
        )
    }
}

/// The commands, as a list.
pub const HELP: &str = "\
| command | where | what it does |
|---|---|---|
| `/pointsman release major\\|minor\\|patch` | a feature's pull request | the next version moves at least so far |
| `/pointsman set-version X.Y.Z` | the release pull request | the next version is X.Y.Z; with components `set-version X.Y.Z COMPONENT` |
| `/pointsman rebuild` | the release pull request | makes it anew, over commits made on its branch too; ends a hold |
| `/pointsman hold` | the release pull request | leaves it as it is until `rebuild` |
| `/pointsman help` | any pull request | this list |
";

/// The comment that answers.
pub fn reply(answer: &Answer) -> String {
    match answer {
        Answer::Floor(bump) => {
            format!("Once this is merged, the next release is at least a **{}** one.", word(*bump))
        }
        Answer::VersionSet { version, component: None } => format!("The next version is **{version}**."),
        Answer::VersionSet { version, component: Some(component) } => {
            format!("The next version of {} is **{version}**.", inline(component))
        }
        Answer::VersionRefused(why) => format!("The version was not set: {}", inline(why)),
        Answer::Rebuilding => "The release pull request is made anew.".into(),
        Answer::Holding => {
            "The release pull request is left as it is. `/pointsman rebuild` brings it up to date again.".into()
        }
        Answer::Help => format!("What can be asked for here, each at the beginning of a line:\n\n{HELP}"),
        Answer::Unknown(why) => format!("This was not understood: {why}\n\n{HELP}"),
        Answer::NotAllowed => "Only those who may write to this repository can ask for this.".into(),
        Answer::OnlyOnRelease => {
            "This belongs on the release pull request. On this one there is `/pointsman release major`, `minor` or `patch`."
                .into()
        }
        Answer::OnlyOnFeature => {
            "This belongs on the pull request of a change. Here the version is set by `/pointsman set-version X.Y.Z`."
                .into()
        }
    }
}

/// A bump as a word.
pub(super) fn word(bump: Bump) -> &'static str {
    match bump {
        Bump::None => "no",
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(version: &str, component: Option<&str>) -> Command {
        Command::SetVersion { version: version.parse().unwrap(), component: component.map(str::to_owned) }
    }

    #[test]
    fn a_command_begins_a_line_outside_code_and_quotes() {
        for (comment, expected) in [
            ("/pointsman release minor", vec![Command::Release(Bump::Minor)]),
            ("please:\r\n/pointsman  release\tmajor \r\nthanks", vec![Command::Release(Bump::Major)]),
            ("!release patch", vec![Command::Release(Bump::Patch)]),
            ("!set-version v2.0.0-beta.1", vec![set("2.0.0-beta.1", None)]),
            ("/pointsman set-version 1.2.3 api", vec![set("1.2.3", Some("api"))]),
            ("/pointsman hold\n/pointsman rebuild", vec![Command::Hold, Command::Rebuild]),
            ("/pointsman", vec![Command::Help]),
            ("/pointsman help", vec![Command::Help]),
            ("say /pointsman hold", vec![]),
            ("> /pointsman hold", vec![]),
            (" /pointsman hold", vec![]),
            ("    /pointsman hold", vec![]),
            ("`/pointsman hold`", vec![]),
            ("```\n/pointsman hold\n```\n", vec![]),
            ("````sh\n```\n/pointsman hold\n````\n/pointsman help", vec![Command::Help]),
            ("~~~\n/pointsman hold\n```\n/pointsman hold", vec![]),
            ("<!--\n/pointsman hold\n-->\n/pointsman help", vec![Command::Help]),
            ("<!-- a -->\n/pointsman help", vec![Command::Help]),
            ("/pointsmanhold\n/release minor", vec![]),
        ] {
            assert_eq!(parse(comment), expected, "{comment:?}");
        }
    }

    #[test]
    fn what_is_no_command_is_told() {
        for (comment, told) in [
            (
                "/pointsman release huge",
                "/pointsman release huge: it is `release major`, `minor` or `patch`.",
            ),
            ("/pointsman release", "/pointsman release: it is `release major`, `minor` or `patch`."),
            ("/pointsman deploy @all <!--", "/pointsman deploy `@all` &lt;!--: there is no such command."),
            ("/pointsman hold it", "/pointsman hold it: this command stands alone."),
            (
                "!set-version 1.0.0-rc.1+x y z",
                "!set-version 1.0.0-rc.1+x y z: it is `set-version X.Y.Z`, with components `set-version X.Y.Z COMPONENT`.",
            ),
            (
                "/pointsman set-version 1.2",
                "/pointsman set-version 1.2: this is no semantic version, such as 1.2.0 or 2.0.0-beta.1.",
            ),
        ] {
            assert_eq!(parse(comment), [Command::Unknown(told.into())], "{comment:?}");
        }
    }

    #[test]
    fn a_comment_has_a_bounded_number_of_commands() {
        assert_eq!(parse(&"/pointsman help\n".repeat(10_000)).len(), MOST);
        assert_eq!(parse(&format!("/pointsman {}", "x".repeat(1 << 20))).len(), 1);
    }

    #[test]
    fn answers_are_sentences() {
        let version = Version::new(1, 2, 3);
        for (answer, expected) in [
            (
                Answer::Floor(Bump::Minor),
                "Once this is merged, the next release is at least a **minor** one.",
            ),
            (
                Answer::VersionSet { version: version.clone(), component: None },
                "The next version is **1.2.3**.",
            ),
            (
                Answer::VersionSet { version, component: Some("@api".into()) },
                "The next version of `@api` is **1.2.3**.",
            ),
            (Answer::VersionRefused("<it>".into()), "The version was not set: &lt;it&gt;"),
            (Answer::NotAllowed, "Only those who may write to this repository can ask for this."),
        ] {
            assert_eq!(reply(&answer), expected);
        }
        let help = reply(&Answer::Help);
        for command in ["release major", "set-version", "rebuild", "hold", "help"] {
            assert!(help.contains(&format!("`/pointsman {command}")), "{command}");
        }
        assert!(parse(&help).is_empty(), "an answer commands nothing");
        assert!(parse(&reply(&Answer::Unknown("x".into()))).is_empty());
    }
}
