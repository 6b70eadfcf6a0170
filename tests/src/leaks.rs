//! What must never be told, looked for in all that was.

use regex::Regex;

/// Secrets by what they are; and the shapes of credentials that are made on the way: tokens, JWTs, signatures, private keys.
#[derive(Debug, Clone)]
pub struct Secrets {
    known: Vec<(String, String)>,
    shapes: Regex,
}

impl Secrets {
    /// Of these, each with its name. One line of a longer one gives it away.
    pub fn new<'s>(known: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        let lines = |(name, secret): (&'s str, &'s str)| {
            let told =
                secret.lines().map(str::trim).filter(|line| line.len() >= 6 && !line.starts_with("---"));
            told.map(|line| (name.to_owned(), line.to_owned())).collect::<Vec<_>>()
        };
        let shapes = r"gh[pousr]_\w{8}|\beyJ[\w-]{10,}\.|PRIVATE KEY|sha256=[0-9a-f]{16}|[?&]sig=\w|X-Amz-Signature=|Bearer \w{8}";
        let shapes = Regex::new(shapes).expect("a pattern of ours");
        Self { known: known.into_iter().flat_map(lines).collect(), shapes }
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: &str, secret: &str) -> Self {
        self.known.push((name.to_owned(), secret.to_owned()));
        self
    }

    /// Fails with every line of `told` that gives one away; `place` is where it was told.
    #[track_caller]
    pub fn assert_none_in(&self, place: &str, told: &str) {
        let gives_away = |line: &str| {
            let known =
                self.known.iter().find(|(_, secret)| line.contains(secret)).map(|(name, _)| name.clone());
            known.or_else(|| self.shapes.find(line).map(|found| format!("the shape `{}`", found.as_str())))
        };
        let found = told.lines().filter_map(|line| Some(format!("{}: {line}", gives_away(line)?)));
        let found: Vec<_> = found.collect();
        assert!(found.is_empty(), "{place} gives away:\n  {}\n", found.join("\n  "));
    }
}
