//! Where this GitHub lies: its API's URL, which may have a prefix (GitHub Enterprise Server), and that of its pages.

/// The addresses that answers are full of.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Without a slash at its end.
    pub api: String,
    /// Without a slash at its end.
    pub web: String,
}

impl Site {
    pub fn new(api: &str) -> Self {
        let api = api.trim_end_matches('/').to_owned();
        let web = match api.strip_suffix("/api/v3") {
            Some(web) => web.to_owned(),
            None if api == "https://api.github.com" => "https://github.com".into(),
            None => api.clone(),
        };
        Self { api, web }
    }

    /// `/api/v3`, or nothing.
    fn prefix(&self) -> &str {
        let rest = self.api.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// The authority that requests name.
    pub fn host(&self) -> &str {
        let rest = self.api.split_once("://").map_or(self.api.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// The path without the prefix: `None` = it lies outside of the API. GraphQL lies beside the REST API's version.
    pub fn path<'a>(&self, path: &'a str) -> Option<&'a str> {
        if let Some(root) = self.prefix().strip_suffix("/v3")
            && path.strip_prefix(root) == Some("/graphql")
        {
            return Some("/graphql");
        }
        path.strip_prefix(self.prefix()).filter(|rest| rest.starts_with('/'))
    }

    /// `{api}/repos/{owner/name}`.
    pub fn repo(&self, full_name: &str) -> String {
        format!("{}/repos/{full_name}", self.api)
    }
}
