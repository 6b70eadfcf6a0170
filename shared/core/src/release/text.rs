//! Text that anyone may have written (commits, titles, branch names), made safe for one line of Markdown.
//!
//! It stays in its line and shows what it says: no comment, tag, heading, list or link arises from it, nobody is
//! mentioned by it. Code in backticks and emphasis stay as they are.

use std::fmt::Write;

/// The longest line that is taken over, in characters.
pub const LONGEST: usize = 400;

/// One line without control characters, direction marks and runs of blanks, of at most so many characters.
pub fn plain(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut shown = word.chars().filter(|c| !is_invisible(*c)).peekable();
        if shown.peek().is_none() {
            continue;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for c in shown {
            if length >= longest {
                cut(&mut line);
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// The last character makes room for a sign that something is left out.
fn cut(line: &mut String) {
    line.pop();
    line.truncate(line.trim_end().len());
    line.push('…');
}

/// What shows nothing, or shows the rest in another order. Joiners stay: scripts and pictures need them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// One line of Markdown that shows this text, also at the begin of a line or of a list's item.
pub fn markdown(text: &str) -> String {
    let line = plain(text, LONGEST);
    let mut out = String::with_capacity(line.len() + 8);
    let rest = start(&line, &mut out);
    inner(rest, out)
}

/// The same for a text within a line, where nothing begins.
pub fn inline(text: &str) -> String {
    inner(&plain(text, LONGEST), String::new())
}

fn inner(mut rest: &str, mut out: String) -> String {
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '`' => code(rest, &mut out),
            '@' => mention(rest, &mut out),
            _ => character(c, &rest[c.len_utf8()..], &mut out),
        };
        rest = &rest[taken..];
    }
    out
}

/// What would begin a heading, a list, a quote, a fence, a rule, a table or a task is escaped at the line's start.
fn start<'t>(line: &'t str, out: &mut String) -> &'t str {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = &line[digits..];
    if digits > 0 && after.starts_with(['.', ')']) {
        out.push_str(&line[..digits]);
        out.push('\\');
        out.push_str(&after[..1]);
        return &after[1..];
    }
    let fence = line.bytes().take_while(|byte| *byte == b'`').count();
    if fence >= 3 {
        out.push_str(&"\\`".repeat(fence));
        return &line[fence..];
    }
    if line.starts_with(['#', '-', '+', '*', '_', '=', '~', '|', '[', ':']) {
        // A star or a line that emphasises is left: a text follows it at once.
        let emphasis = line.starts_with(['*', '_', '~'])
            && line.trim_start_matches(['*', '_', '~']).starts_with(char::is_alphanumeric);
        let picture = line.starts_with(':') && line[1..].starts_with(char::is_alphanumeric);
        if !(emphasis || picture) {
            out.push('\\');
            out.push_str(&line[..1]);
            return &line[1..];
        }
    }
    line
}

fn character(c: char, after: &str, out: &mut String) -> usize {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' if after.starts_with('#') || entity(after) => out.push_str("&amp;"),
        '\\' if after.chars().next().is_none_or(|next| next.is_ascii_punctuation()) => out.push_str("\\\\"),
        ']' if after.starts_with(['(', '[', ':']) => out.push_str("\\]"),
        '[' if after.starts_with('^') => out.push_str("\\["),
        _ => out.push(c),
    }
    c.len_utf8()
}

/// Whether an ampersand before this begins a named character.
fn entity(after: &str) -> bool {
    let name = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
    name > 0 && after[name..].starts_with(';')
}

/// Code in backticks as it is; a backtick without its partner escaped. Of code that holds a comment's ends, too: whoever
/// reads the raw text would take them for a comment.
fn code(rest: &str, out: &mut String) -> usize {
    let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let mut at = ticks;
    while let Some(found) = rest[at..].find('`') {
        let run = rest[at + found..].bytes().take_while(|byte| *byte == b'`').count();
        if run == ticks {
            let inner = &rest[ticks..at + found];
            if inner.contains("<!--") || inner.contains("-->") {
                break;
            }
            let end = at + found + run;
            out.push_str(&rest[..end]);
            return end;
        }
        at += found + run;
    }
    out.push_str(&"\\`".repeat(ticks));
    ticks
}

/// An account's or team's name is shown as code, which mentions nobody; next to other code it is parted instead.
fn mention(rest: &str, out: &mut String) -> usize {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let end = rest[1..].find(|c| !name(c)).map_or(rest.len(), |end| end + 1);
    let token = rest[..end].trim_end_matches('.');
    let begins = rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || out.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        out.push('@');
        return 1;
    }
    if out.ends_with('`') || rest[token.len()..].starts_with('`') {
        out.push_str("@&#8203;");
        return 1;
    }
    write!(out, "`{token}`").expect("a String takes all");
    token.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_was_written_and_nothing_arises_from_it() {
        for (text, expected) in [
            ("add `x` and *y*", "add `x` and *y*"),
            ("snake_case_names stay, so does C:\\temp", "snake_case_names stay, so does C:\\temp"),
            ("a\r\n\r\n# heading", "a # heading"),
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("2) item", "2\\) item"),
            ("2024 was fine", "2024 was fine"),
            ("> quote", "&gt; quote"),
            ("*** ", "\\***"),
            ("**bold** start", "**bold** start"),
            (":bug: found", ":bug: found"),
            ("[ ] task", "\\[ ] task"),
            ("~~~ fence", "\\~~~ fence"),
            ("```rust", "\\`\\`\\`rust"),
            ("<!-- pointsman:release {} -->", "&lt;!-- pointsman:release {} --&gt;"),
            ("`<!--` a `-->`", "\\`&lt;!--` a `--&gt;\\`"),
            ("</details><img src=x>", "&lt;/details&gt;&lt;img src=x&gt;"),
            ("[click](http://e.example)", "\\[click\\](http://e.example)"),
            ("a [click\\](http://e.example)", "a [click\\\\\\](http://e.example)"),
            ("a ![](http://e.example/p.png)", "a ![\\](http://e.example/p.png)"),
            ("see [1][2] and [^3]", "see [1\\][2] and \\[^3]"),
            ("an &lt;b&gt; and &#64;all", "an &amp;lt;b&amp;gt; and &amp;#64;all"),
            ("Q&A", "Q&A"),
            ("an odd ` tick", "an odd \\` tick"),
            ("{{ 7 * 7 }} {% raw %}", "{{ 7 * 7 }} {% raw %}"),
            ("thanks @octocat and @acme/team.", "thanks `@octocat` and `@acme/team`."),
            ("bump @types/node to 4", "bump `@types/node` to 4"),
            ("`@everyone` is code", "`@everyone` is code"),
            ("`a`@everyone", "`a`@&#8203;everyone"),
            ("@everyone`a`", "@&#8203;everyone`a`"),
            ("mail me@example.org @ noon", "mail me@example.org @ noon"),
            ("a\u{202e}b\u{0}c\u{200b}d\u{1b}[31m", "ab cd [31m"),
            ("end \\", "end \\\\"),
            ("", ""),
        ] {
            assert_eq!(markdown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn within_a_line_nothing_begins() {
        for (text, expected) in [("1.3.0", "1.3.0"), ("- <b>", "- &lt;b&gt;"), ("@all", "`@all`")] {
            assert_eq!(inline(text), expected);
        }
    }

    #[test]
    fn an_overlong_line_is_cut() {
        assert_eq!(plain("abcdef", 6), "abcdef");
        assert_eq!(plain("abcdefg", 6), "abcde…");
        assert_eq!(plain("abcd efg", 6), "abcd…");
        assert_eq!(plain(&"x".repeat(1 << 20), LONGEST).chars().count(), LONGEST);
    }
}
