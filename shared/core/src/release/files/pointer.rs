//! `$.app.images[0].tag`: a place in a JSON, TOML or YAML file.

use semver::Version;

use super::{
    edit::Edit,
    fault::Trouble,
    number, path,
    tree::{self, Node},
};

const LONGEST: usize = 1_000;

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

/// The version at the pointer: all of a text, or the version in one such as `acme/app:1.2.3`.
pub(super) fn edits(
    file: &str,
    text: &str,
    pointer: &str,
    from: Option<&Version>,
    to: &Version,
) -> Result<Vec<Edit>, Trouble> {
    let parts = parse(pointer).map_err(|why| Trouble::new(format!("the pointer `{pointer}`: {why}")))?;
    let roots = read(file, text)?;
    let found = roots.iter().find_map(|root| follow(root, &parts));
    let found = found.ok_or_else(|| Trouble::new(format!("nothing is at `{pointer}`")))?;
    let Some(spot) = found.spot() else {
        return Err(Trouble::new(format!("what is at `{pointer}` is no text: it cannot hold a version")));
    };
    let raw = &text[spot.span.clone()];
    if spot.text.is_empty() || number::reads_as_version(&spot.text) {
        let start = spot.span.start + number::prefix(raw);
        return Ok(vec![Edit::new(start..spot.span.end, to.to_string())]);
    }
    let places = number::places(raw, from, to);
    if places.is_empty() {
        let shown: String = spot.text.chars().take(60).filter(|c| !c.is_control()).collect();
        return Err(Trouble::new(format!("what is at `{pointer}` holds no version: `{shown}`")));
    }
    let edit = |span: std::ops::Range<usize>| {
        Edit::new(spot.span.start + span.start..spot.span.start + span.end, to.to_string())
    };
    Ok(places.into_iter().map(edit).collect())
}

/// Whether it can be followed, or why not.
pub fn check_pointer(pointer: &str) -> Result<(), String> {
    parse(pointer).map(drop)
}

fn read(file: &str, text: &str) -> Result<Vec<Node>, Trouble> {
    let name = path::name(file).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let braces = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    match ending {
        "yaml" | "yml" => tree::yaml(text),
        "json" | "jsonc" | "json5" | "webmanifest" => tree::json(text).map(|root| vec![root]),
        "toml" => tree::toml(text).map(|root| vec![root]),
        "lock" if !braces => tree::toml(text).map(|root| vec![root]),
        _ if braces => tree::json(text).map(|root| vec![root]),
        _ => Err(Trouble::new(
            "a pointer leads into a JSON, TOML or YAML file, and this name ends like none: use a marked line or a `regex`",
        )),
    }
}

fn follow<'a>(root: &'a Node, parts: &[Part]) -> Option<&'a Node> {
    parts.iter().try_fold(root, |node, part| match part {
        Part::Key(key) => node.get(key),
        Part::Index(index) => node.items().get(*index),
    })
}

fn parse(pointer: &str) -> Result<Vec<Part>, String> {
    if pointer.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut rest = pointer.strip_prefix('$').ok_or("it begins with `$`, as in `$.app.version`")?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = if let Some(key) = rest.strip_prefix('.') {
            let end = key.find(['.', '[']).unwrap_or(key.len());
            (named(&key[..end])?, &key[end..])
        } else if let Some(inner) = rest.strip_prefix('[') {
            bracketed(inner)?
        } else {
            return Err(format!("`.` or `[` is missing before `{rest}`"));
        };
        parts.push(part);
        rest = after;
    }
    if parts.is_empty() { Err("it names no key".into()) } else { Ok(parts) }
}

fn named(key: &str) -> Result<Part, String> {
    match key {
        "" => Err("a key is missing after a `.`".into()),
        "*" => Err("it names one place: `*` is not taken".into()),
        key => Ok(Part::Key(key.to_owned())),
    }
}

/// `0]` or `'a key']`, and what follows.
fn bracketed(inner: &str) -> Result<(Part, &str), String> {
    for quote in ['\'', '"'] {
        if let Some(text) = inner.strip_prefix(quote) {
            let (key, after) = text.split_once(quote).ok_or("a quote is not closed")?;
            let after = after.strip_prefix(']').ok_or("`]` is missing")?;
            return Ok((Part::Key(key.to_owned()), after));
        }
    }
    let (index, after) = inner.split_once(']').ok_or("`]` is missing")?;
    let index =
        index.parse().map_err(|_| format!("`[{index}]` is neither a place in a list nor a quoted key"))?;
    Ok((Part::Index(index), after))
}
