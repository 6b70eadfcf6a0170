//! Sources read as tokens: which paths, macros and attributes a file names and on which line. Comments and text in
//! quotes do not count, and neither does what stands under `#[cfg(test)]`, unless asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::house;

/// Something that a source names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Counted from 1.
    pub line: usize,
    /// A path (`std::fs::read`; each of a `use` group by itself), a macro (`todo!`) or an attribute (`#allow`).
    pub text: String,
}

impl Name {
    /// Whether the path holds these segments side by side: `std::fs::read` holds `std::fs` and `fs::read`.
    pub fn holds(&self, path: &str) -> bool {
        format!("::{}::", self.text).contains(&format!("::{path}::"))
    }
}

/// A Rust file of the house.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// What it names outside of tests.
    pub fn names(&self) -> Vec<Name> {
        if self.is_test() { Vec::new() } else { self.read(false) }
    }

    /// What it names, tests included.
    pub fn all_names(&self) -> Vec<Name> {
        self.read(true)
    }

    /// Whether the whole file is for tests: `tests.rs`, or in a folder `tests` or `benches`.
    fn is_test(&self) -> bool {
        let mut parts = self.path.rsplit('/');
        parts.next() == Some("tests.rs") || parts.any(|part| ["tests", "benches"].contains(&part))
    }

    fn read(&self, tests: bool) -> Vec<Name> {
        let tokens: TokenStream = self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path));
        let mut names = Vec::new();
        Reader { tests, names: &mut names }.read(tokens, "");
        names
    }
}

/// Each Rust file under these folders of the house, in order.
pub fn under(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&house::root().join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

fn source(path: &Path) -> Source {
    let name = path.strip_prefix(house::root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    Source { path: name, text }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

struct Reader<'a> {
    tests: bool,
    names: &'a mut Vec<Name>,
}

impl Reader<'_> {
    /// Reads a stream; `prefix` is the path before the braces of a `use` group.
    fn read(&mut self, tokens: TokenStream, prefix: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&tokens, at),
                TokenTree::Ident(ident) if *ident == "as" => at + 2,
                TokenTree::Ident(_) => self.path(&tokens, at, prefix),
                TokenTree::Group(group) => {
                    self.read(group.stream(), prefix);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Reads the path that starts at `at`; returns where to go on.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &str) -> usize {
        let line = tokens[at].span().start().line;
        let mut text = format!("{prefix}{}", tokens[at]);
        at += 1;
        while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(ident)) => text.push_str(&format!("::{ident}")),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.read(group.stream(), &format!("{text}::"));
                    return at + 3;
                }
                _ => break,
            }
            at += 3;
        }
        let is_macro = is_punct(tokens.get(at), '!') && !is_punct(tokens.get(at + 1), '=');
        text.push_str(if is_macro { "!" } else { "" });
        self.names.push(Name { line, text });
        at
    }

    /// Reads the attribute whose `#` stands at `at`; passes over the item too where it is for tests only.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let at = if is_punct(tokens.get(at + 1), '!') { at + 2 } else { at + 1 };
        let Some(TokenTree::Group(group)) = tokens.get(at) else { return at };
        for name in attributes(group) {
            self.names.push(name);
        }
        if self.tests || group.stream().to_string().replace(' ', "") != "cfg(test)" {
            return at + 1;
        }
        let ends = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            token => is_punct(Some(token), ';'),
        };
        tokens[at..].iter().position(ends).map_or(tokens.len(), |length| at + length + 1)
    }
}

/// `#allow` of `#[allow(..)]` and of `#[cfg_attr(.., allow(..))]`.
fn attributes(group: &Group) -> Vec<Name> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut names = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if index == 0 || tokens.get(index + 1).is_some_and(is_group) => {
                names.push(Name { line: ident.span().start().line, text: format!("#{ident}") });
            }
            TokenTree::Group(group) if tokens[0].to_string() == "cfg_attr" => names.extend(attributes(group)),
            _ => {}
        }
    }
    names
}

fn is_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(_))
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, tests: bool) -> Vec<String> {
        let source = Source { path: "x.rs".into(), text: text.into() };
        source.read(tests).into_iter().map(|name| format!("{}:{}", name.line, name.text)).collect()
    }

    #[test]
    fn a_use_group_names_each_of_its_paths() {
        let names = texts("use std::{fs, net::{self, TcpStream}, io as fs};", false);
        assert_eq!(names, ["1:use", "1:std::fs", "1:std::net::self", "1:std::net::TcpStream", "1:std::io"]);
    }

    #[test]
    fn comments_and_quotes_name_nothing_but_macro_bodies_do() {
        let names =
            texts("/// std::fs\n// std::fs\nfn f() { print!(\"std::fs {}\", std::env::var(\"A\")) }", false);
        assert_eq!(names, ["1:#doc", "3:fn", "3:f", "3:print!", "3:std::env::var"]);
    }

    #[test]
    fn what_is_under_cfg_test_counts_only_when_asked_for() {
        let text = "#[cfg(test)]\nmod tests { use std::fs; }\n#[cfg(test)]\nmod more;\nuse a;";
        assert_eq!(texts(text, false), ["1:#cfg", "3:#cfg", "5:use", "5:a"]);
        assert!(texts(text, true).contains(&"2:std::fs".to_owned()));
    }

    #[test]
    fn an_attribute_is_found_inside_cfg_attr_too() {
        let names = texts("#![allow(x)] #[cfg_attr(unix, allow(y))] fn f() { if !a != b {} todo!() }", false);
        assert_eq!(names.iter().filter(|name| *name == "1:#allow").count(), 2);
        assert!(names.contains(&"1:todo!".to_owned()) && !names.contains(&"1:a!".to_owned()));
    }

    #[test]
    fn a_path_holds_whole_segments_only() {
        let name = Name { line: 1, text: "std::fs::read".into() };
        assert!(
            name.holds("std::fs") && name.holds("fs::read") && !name.holds("d::fs") && !name.holds("fs::re")
        );
    }
}
