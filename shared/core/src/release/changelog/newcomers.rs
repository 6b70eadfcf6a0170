//! Who is new, read from the notes that GitHub itself would write: the one list of it that there is.

use std::collections::BTreeMap;

use super::{Links, Newcomer};

/// What stands above the list, alone on its line: no title of a pull request can be a line of its own.
const HEADING: &str = "## New Contributors";

/// What stands between the account and the pull request.
const BETWEEN: &str = " made their first contribution in ";

/// More of them would be no list that anybody reads.
const MOST: usize = 200;

/// The people whom GitHub's notes name, by pull request: no bots, or the first release would greet ourselves. A line that
/// is not as GitHub writes it is passed over.
pub fn newcomers(notes: &str, links: &Links) -> Vec<Newcomer> {
    let list = notes.lines().map(str::trim_end).skip_while(|line| *line != HEADING).skip(1);
    let lines = list.skip_while(|line| line.is_empty()).take_while(|line| line.starts_with("* @"));
    let by_login: BTreeMap<String, u64> =
        lines.filter_map(|line| newcomer(line, links)).map(|one| (one.login, one.pull)).collect();
    let mut all: Vec<_> = by_login.into_iter().map(|(login, pull)| Newcomer { login, pull }).collect();
    all.sort_by(|a, b| (a.pull, &a.login).cmp(&(b.pull, &b.login)));
    all.truncate(MOST);
    all
}

fn newcomer(line: &str, links: &Links) -> Option<Newcomer> {
    let (login, url) = line.strip_prefix("* @")?.split_once(BETWEEN)?;
    let ours = links.of(["pull", ""]);
    let (repository, number) = url.split_at_checked(ours.len())?;
    let plain = login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let digits = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let sound = plain && digits && (1..=60).contains(&login.len()) && repository.eq_ignore_ascii_case(&ours);
    sound.then_some(())?;
    Some(Newcomer { login: login.to_owned(), pull: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(notes: &str) -> Vec<(String, u64)> {
        let links = Links { base: "https://github.com".into(), owner: "acme".into(), repo: "web".into() };
        newcomers(notes, &links).into_iter().map(|one| (one.login, one.pull)).collect()
    }

    #[test]
    fn newcomers_are_read_from_githubs_list_and_from_nowhere_else() {
        let notes = "## What's Changed\n* @eve made their first contribution in https://github.com/acme/web/pull/9 by @eve\n\
             \n## New Contributors\r\n\
             * @ada made their first contribution in https://github.com/acme/web/pull/12\r\n\
             * @zoe made their first contribution in https://github.com/Acme/Web/pull/7\n\
             * @a-bot[bot] made their first contribution in https://github.com/acme/web/pull/8\n\
             * @ada made their first contribution in https://github.com/acme/web/pull/12\n\
             * @<!-- x made their first contribution in https://github.com/acme/web/pull/3\n\
             * @bob made their first contribution in https://evil.example/acme/web/pull/3\n\
             * @bob made their first contribution in https://github.com/acme/web/pull/3 <!--\n\
             * @bob made their first contribution in https://github.com/acme/web/pull/99999999999999999999\n\
             * @ made their first contribution in https://github.com/acme/web/pull/4\n\
             \n* @bob made their first contribution in https://github.com/acme/web/pull/5\n\
             \n**Full Changelog**: https://github.com/acme/web/compare/v1...v2";
        assert_eq!(read(notes), [("zoe".to_owned(), 7), ("ada".to_owned(), 12)]);
        assert_eq!(read("## New Contributors"), []);
        assert_eq!(read(""), []);
    }
}
