//! Where GitHub's API is: github.com's, an Enterprise Server's, or a fake's.

use std::{fmt, str::FromStr};

use http::Uri;

/// The REST API's address, without a slash at its end. Default `https://api.github.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(String);

impl BaseUrl {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where GraphQL is: beside the REST API.
    #[must_use]
    pub fn graphql(&self) -> String {
        // An Enterprise Server has them at /api/v3 and /api/graphql.
        format!("{}/graphql", self.0.strip_suffix("/v3").unwrap_or(&self.0))
    }

    /// Where people look: `https://github.com`, an Enterprise Server itself.
    #[must_use]
    pub fn web(&self) -> String {
        if let Some(server) = self.0.strip_suffix("/api/v3") {
            return server.to_owned();
        }
        match self.0.split_once("://api.") {
            Some((scheme, host)) if !host.contains('/') => format!("{scheme}://{host}"),
            _ => self.0.clone(),
        }
    }

    /// Whether somebody named it: it is not github.com's own.
    pub(crate) fn is_named(&self) -> bool {
        *self != Self::default()
    }

    /// Whether a URL that GitHub gave (a next page) is one of this API's.
    pub(crate) fn holds(&self, url: &str) -> bool {
        url.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self("https://api.github.com".into())
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim_end_matches('/');
        let wrong = |why: &str| {
            // It may hold a password: then it is not repeated.
            format!(
                "the address of GitHub's API {why}: such as https://api.github.com or https://HOST/api/v3"
            )
        };
        let uri: Uri = trimmed.parse().map_err(|_| wrong("is no URL"))?;
        let Some(authority) = uri.authority() else { return Err(wrong("names no host")) };
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err(wrong("is neither https nor http"));
        }
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong("has a user's name or a query"));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_and_the_web_lie_beside_the_rest_api() {
        let cases = [
            ["https://api.github.com", "https://api.github.com/graphql", "https://github.com"],
            ["https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql", "https://acme.ghe.com"],
            ["https://git.acme.org/api/v3/", "https://git.acme.org/api/graphql", "https://git.acme.org"],
            ["http://127.0.0.1:9", "http://127.0.0.1:9/graphql", "http://127.0.0.1:9"],
        ];
        for [base, graphql, web] in cases {
            let base: BaseUrl = base.parse().unwrap();
            assert_eq!((base.graphql().as_str(), base.web().as_str()), (graphql, web));
        }
    }

    #[test]
    fn what_is_no_address_of_an_api_is_told() {
        for bad in
            ["", "api.github.com", "ftp://x", "https://", "https://me:secret@x", "https://x/?a=b", "a b"]
        {
            let error = bad.parse::<BaseUrl>().unwrap_err();
            assert!(error.contains("such as https://api.github.com") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_next_page_elsewhere_is_not_of_this_api() {
        let base = BaseUrl::default();
        assert!(base.holds("https://api.github.com/repositories/1/pulls?page=2"));
        assert!(!base.holds("https://api.github.com.evil.example/x"));
        assert!(!base.holds("https://evil.example/x"));
    }
}
