//! What a template may say. The engine knows more: operators and tags that build texts and structures out of themselves
//! (`~`, `*`, `set`, lists...) would let a few lines fill any memory, so they are refused before it sees them.

/// The tags that there are.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];
/// The filters and tests that there are.
const CALLS: &[&str] =
    &["upper", "lower", "trim", "replace", "length", "first", "last", "default", "defined", "none"];

#[derive(Debug, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Number,
    Text,
    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    Comparison,
    Sign(char),
}

/// Whether only what is taken stands in it. Each beginning is looked at by itself: none can hide in another's text.
pub(super) fn check(template: &str) -> Result<(), String> {
    for opening in ["{{", "{%"] {
        for (at, _) in template.match_indices(opening) {
            let line = template[..at].matches('\n').count() + 1;
            let closing = if opening == "{{" { "}}" } else { "%}" };
            let tokens = tokens(&template[at + 2..], closing).map_err(|c| refused(line, c))?;
            let told = |what: String| format!("line {line}: {what}");
            if opening == "{%" {
                tag(&tokens).map_err(told)?;
            } else {
                expression(&tokens).map_err(told)?;
            }
        }
    }
    Ok(())
}

fn refused(line: usize, c: char) -> String {
    format!("line {line}: `{c}` has no meaning in this template language")
}

/// The tokens up to the end; without it up to the template's (the engine tells of that).
fn tokens<'t>(text: &'t str, closing: &str) -> Result<Vec<Token<'t>>, char> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(c) = rest.chars().next().filter(|_| !rest.starts_with(closing)) else { return Ok(tokens) };
        let controls = tokens.is_empty() || rest[c.len_utf8()..].starts_with(closing);
        let (token, length) = match c {
            '"' | '\'' => (Token::Text, string(rest, c)),
            '0'..='9' => (Token::Number, word(rest)),
            'a'..='z' | 'A'..='Z' | '_' => (Token::Word(&rest[..word(rest)]), word(rest)),
            '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => (Token::Comparison, 2),
            '<' | '>' => (Token::Comparison, 1),
            '.' | '|' | '(' | ')' | ',' => (Token::Sign(c), 1),
            '-' | '+' if controls => {
                rest = &rest[1..];
                continue;
            }
            _ => return Err(c),
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// A text in quotes, with them.
fn string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn tag(tokens: &[Token<'_>]) -> Result<(), String> {
    let Some(Token::Word(name)) = tokens.first() else { return Err("a tag's name is missing".into()) };
    if !TAGS.contains(name) {
        return Err(format!("`{{% {name} %}}` is no tag of this template language: there are if and for"));
    }
    match tokens {
        [Token::Word("for"), Token::Word(_), Token::Word("in"), over @ ..] => expression(over),
        [Token::Word("for"), ..] => Err("`for` is written as {% for name in list %}".into()),
        [_, rest @ ..] => expression(rest),
        [] => Ok(()),
    }
}

fn expression(tokens: &[Token<'_>]) -> Result<(), String> {
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        match token {
            Token::Sign('(') => {
                open.push(matches!(before, Some(Token::Word(name)) if CALLS.contains(name)));
            }
            Token::Sign(')') => _ = open.pop(),
            Token::Sign(',') if open.last() != Some(&true) => {
                return Err("a comma stands only between what a filter is given".into());
            }
            Token::Word(name @ ("in" | "recursive")) => {
                return Err(format!("`{name}` has no meaning here"));
            }
            Token::Comparison if !compared(tokens.get(index + 1)) => {
                return Err("a comparison is with a text in quotes, a number, true, false or none".into());
            }
            _ => {}
        }
    }
    Ok(())
}

fn compared(token: Option<&Token<'_>>) -> bool {
    matches!(token, Some(Token::Text | Token::Number | Token::Word("true" | "false" | "none")))
}
