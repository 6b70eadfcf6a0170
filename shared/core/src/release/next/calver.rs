//! Versions by the calendar (UTC). They are semantic versions too: three numbers, none with a zero before it.

use jiff::civil::Date;
use semver::Version;

use super::{Line, Rules, at_its_end, core, free};
use crate::release::Bump;

/// One number of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Year,
    ShortYear,
    Month,
    Week,
    Day,
    Minor,
    Micro,
}

const TOKENS: [(&str, Token); 7] = [
    ("YYYY", Token::Year),
    ("YY", Token::ShortYear),
    ("MM", Token::Month),
    ("WW", Token::Week),
    ("DD", Token::Day),
    ("MINOR", Token::Minor),
    ("MICRO", Token::Micro),
];

/// What the three numbers of a version are, such as `YYYY.MM.MICRO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format([Token; 3]);

impl Format {
    /// Reads `YYYY.MM.MICRO`. The year first, then its parts, then what counts: else versions would go down.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = |what: &str| {
            let told = crate::release::text::plain(text, 40);
            Err(format!(
                "`calver_format: {told}`: {what}; use three of YYYY, YY, MM, WW, DD, MINOR and MICRO, such as YYYY.MM.MICRO"
            ))
        };
        let mut tokens = Vec::new();
        for part in text.split('.') {
            match TOKENS.iter().find(|(name, _)| *name == part) {
                Some((_, token)) => tokens.push(*token),
                None if part.starts_with('0') => {
                    return fault("a semantic version has no zeros before its numbers");
                }
                None => return fault("it has a part that is not known"),
            }
        }
        let Ok(tokens) = <[Token; 3]>::try_from(tokens) else {
            return fault("a version has three numbers");
        };
        if tokens[0] > Token::ShortYear {
            return fault("it does not begin with the year");
        }
        if !tokens.is_sorted_by(|one, other| one < other) || tokens[1] == Token::ShortYear {
            return fault("each part stands once, and the larger before the smaller");
        }
        if tokens[1] == Token::Day {
            return fault("a day needs its month");
        }
        if tokens.contains(&Token::Week) && (tokens.contains(&Token::Month) || tokens.contains(&Token::Day)) {
            return fault("a week stands instead of month and day");
        }
        Ok(Self(tokens))
    }

    /// The numbers of a day; what counts begins at 0.
    fn on(self, date: Date) -> [u64; 3] {
        let week = date.iso_week_date();
        let year = if self.0.contains(&Token::Week) { week.year() } else { date.year() };
        let number = |token| match token {
            Token::Year => i64::from(year),
            Token::ShortYear => i64::from(year) - 2_000,
            Token::Month => i64::from(date.month()),
            Token::Week => i64::from(week.week()),
            Token::Day => i64::from(date.day()),
            Token::Minor | Token::Micro => 0,
        };
        self.0.map(|token| u64::try_from(number(token)).unwrap_or(0))
    }

    fn dated(self) -> usize {
        self.0.iter().filter(|token| **token < Token::Minor).count()
    }

    /// Counts on; a feature moves `MINOR`, where there is one. `None` = nothing counts, or it is at its end.
    fn up(self, version: &Version, wanted: Bump) -> Option<Version> {
        let place = |wanted| self.0.iter().position(|token| *token == wanted);
        let minor = place(Token::Minor).filter(|_| wanted >= Bump::Minor);
        let place = minor.or(place(Token::Micro)).or(place(Token::Minor))?;
        let mut numbers = numbers(version);
        numbers[place] = numbers[place].checked_add(1)?;
        numbers[place + 1..].fill(0);
        Some(version_of(numbers))
    }
}

/// The next version by the calendar.
pub(super) fn next(
    rules: &Rules<'_>,
    line: &Line,
    wanted: Bump,
    taken: &dyn Fn(&Version) -> bool,
) -> Result<Version, String> {
    let format = Format::parse(rules.calver_format)?;
    let today = format.on(rules.today);
    let up = |version: &Version| format.up(version, wanted);
    let stuck = |version: &Version| {
        if format.dated() == 3 {
            format!(
                "{version} is released already, and `calver_format: {}` has no other version before another day: \
                 wait, or use a format with MICRO",
                rules.calver_format
            )
        } else {
            at_its_end(version)
        }
    };
    let candidate = match &line.newest {
        Some(newest) if numbers(newest)[..format.dated()] >= today[..format.dated()] => {
            // The same day, or a clock (or another format) behind: versions never go down.
            if newest.pre.is_empty() { up(newest).ok_or_else(|| stuck(newest))? } else { core(newest) }
        }
        _ => version_of(today),
    };
    free(candidate.clone(), taken, up).map_err(|_| stuck(&candidate))
}

fn numbers(version: &Version) -> [u64; 3] {
    [version.major, version.minor, version.patch]
}

fn version_of([major, minor, patch]: [u64; 3]) -> Version {
    Version::new(major, minor, patch)
}
