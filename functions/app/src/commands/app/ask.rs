//! What GitHub is asked for: the manifest, where it is posted, and what comes back.

use std::{collections::BTreeMap, fmt, net::SocketAddr, str::FromStr};

use anyhow::{Result, bail};
use http::Uri;
use pointsman_github::BaseUrl;
use serde::Serialize;

use crate::wanted::{EVENTS, PERMISSIONS};

/// The source that the webhook is for, where no URL names another.
pub const SOURCE: &str = "github";
/// An App's name is no longer.
pub const LONGEST_NAME: usize = 34;
/// What stands in a webhook that is off: GitHub wants some URL, and this one is nobody's.
const OFF: &str = "https://example.com/webhooks/github";

/// An organisation's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(String);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if (1..=100).contains(&text.len()) && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err("this is no organisation's name: letters, digits and -".into())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where GitHub sends webhooks: this server from outside, and the source that the URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    url: String,
    home: String,
    /// The last segment.
    pub source: String,
}

impl FromStr for Hook {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |why: &str| format!("the webhook's URL {why}: such as https://hooks.acme.org/webhooks/github");
        let uri: Uri = text.parse().map_err(|_| wrong("is no URL"))?;
        let (Some(scheme @ ("https" | "http")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("is neither https nor http"));
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong("has a user's name or a query"));
        }
        let home = format!("{scheme}://{authority}");
        let path = if uri.path() == "/" { "/webhooks/github" } else { uri.path() };
        let source = path.rsplit_once("/webhooks/").map(|(_, source)| source).unwrap_or_default();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=60).contains(&source.len()) || !source.chars().all(plain) {
            return Err(wrong("does not end with /webhooks/ and a source's name"));
        }
        Ok(Self { url: format!("{home}{path}"), source: source.to_owned(), home })
    }
}

/// What GitHub makes an App of.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    url: String,
    hook_attributes: Webhook,
    redirect_url: String,
    public: bool,
    /// What it may.
    pub default_permissions: BTreeMap<&'static str, &'static str>,
    /// What it hears of.
    pub default_events: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Webhook {
    url: String,
    active: bool,
}

impl Manifest {
    /// For an App of this account; the browser comes back to `address`.
    pub fn new(
        name: Option<String>,
        base: &BaseUrl,
        account: Option<&Account>,
        hook: Option<&Hook>,
        public: bool,
        address: SocketAddr,
    ) -> Self {
        let home = match (hook, account) {
            (Some(hook), _) => hook.home.clone(),
            (None, Some(account)) => format!("{}/{account}", base.web()),
            (None, None) => base.web(),
        };
        let url = hook.map_or(OFF, |hook| &hook.url).to_owned();
        Self {
            name,
            url: home,
            hook_attributes: Webhook { url, active: hook.is_some() },
            redirect_url: format!("http://{address}/created"),
            public,
            default_permissions: PERMISSIONS.iter().copied().collect(),
            default_events: EVENTS.to_vec(),
        }
    }

    /// Where its webhooks go; `None` = it is off.
    pub fn webhook(&self) -> Option<&str> {
        self.hook_attributes.active.then_some(&self.hook_attributes.url)
    }
}

/// Where the manifest is posted.
pub fn form(base: &BaseUrl, account: Option<&Account>, state: Option<&str>) -> String {
    let owner = account.map(|account| format!("/organizations/{account}")).unwrap_or_default();
    let state = state.map(|state| format!("?state={state}")).unwrap_or_default();
    format!("{}{owner}/settings/apps/new{state}", base.web())
}

/// What the browser brings back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the App is made of.
    pub code: Option<String>,
    /// Which page it answers.
    pub state: Option<String>,
}

impl Answer {
    /// Of a URL's query; what GitHub never sends is not there.
    pub fn read(query: &str) -> Self {
        let plain = |text: &&str| {
            let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            (1..=200).contains(&text.len()) && text.chars().all(fine)
        };
        let find = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value).filter(plain).map(str::to_owned)
        };
        Self { code: find("code"), state: find("state") }
    }
}

/// A code as it was given: alone, or with the address that the browser ended at.
pub fn code(given: &str) -> Result<String> {
    let query = match given.trim().split_once('?') {
        Some((_, query)) => query.split('#').next().unwrap_or_default().to_owned(),
        None => format!("code={}", given.trim()),
    };
    match Answer::read(&query).code {
        Some(code) => Ok(code),
        None => {
            bail!("there is no code in what --code says: give it the whole address that the browser ended at")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhooks_url_names_its_source() {
        for (text, url, source) in [
            ("https://hooks.acme.org", "https://hooks.acme.org/webhooks/github", "github"),
            ("https://hooks.acme.org/", "https://hooks.acme.org/webhooks/github", "github"),
            ("https://acme.org:8443/x/webhooks/app-2", "https://acme.org:8443/x/webhooks/app-2", "app-2"),
        ] {
            let hook: Hook = text.parse().unwrap();
            assert_eq!((hook.url.as_str(), hook.source.as_str()), (url, source));
        }
        for bad in [
            "",
            "hooks.acme.org",
            "ftp://x/webhooks/a",
            "https://x/webhooks/",
            "https://x/webhooks/A",
            "https://x/hooks/github",
            "https://me:word@x/webhooks/github",
            "https://x/webhooks/github?a=b",
        ] {
            let error = bad.parse::<Hook>().unwrap_err();
            assert!(error.contains("such as https://hooks.acme.org/webhooks/github"), "{bad}: {error}");
            assert!(!error.contains("word"), "{error}");
        }
    }

    #[test]
    fn the_manifest_asks_for_no_more_than_is_needed() {
        let (base, hook) = (BaseUrl::default(), "https://hooks.acme.org".parse().unwrap());
        let address = SocketAddr::from(([127, 0, 0, 1], 4321));
        let account: Account = "acme".parse().unwrap();
        let manifest =
            Manifest::new(Some("pointsman-acme".into()), &base, Some(&account), Some(&hook), false, address);
        assert_eq!(
            serde_json::to_value(&manifest).unwrap(),
            serde_json::json!({
                "name": "pointsman-acme",
                "url": "https://hooks.acme.org",
                "hook_attributes": { "url": "https://hooks.acme.org/webhooks/github", "active": true },
                "redirect_url": "http://127.0.0.1:4321/created",
                "public": false,
                "default_permissions":
                    { "contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write" },
                "default_events": ["issue_comment", "pull_request", "push"],
            })
        );
        let off =
            serde_json::to_value(Manifest::new(None, &base, Some(&account), None, true, address)).unwrap();
        assert_eq!(
            (&off["hook_attributes"]["active"], &off["url"]),
            (&false.into(), &"https://github.com/acme".into())
        );
        assert!(off.get("name").is_none(), "GitHub asks for one");
    }

    #[test]
    fn the_form_leads_to_the_account_of_this_github() {
        let acme: Account = "acme".parse().unwrap();
        let server: BaseUrl = "https://git.acme.org/api/v3".parse().unwrap();
        assert_eq!(
            form(&BaseUrl::default(), None, Some("s1")),
            "https://github.com/settings/apps/new?state=s1"
        );
        assert_eq!(
            form(&server, Some(&acme), None),
            "https://git.acme.org/organizations/acme/settings/apps/new"
        );
        assert!("acme/../x".parse::<Account>().is_err());
    }

    #[test]
    fn a_code_is_taken_alone_or_out_of_an_address() {
        for given in [
            "a180b1",
            " a180b1\n",
            "http://127.0.0.1:46464/created?code=a180b1",
            "http://x/?state=s&code=a180b1#x",
        ] {
            assert_eq!(code(given).unwrap(), "a180b1", "{given:?}");
        }
        for bad in ["", "a b", "../app", "http://x/?state=s", "http://x/?code=", "http://x/?code=a%2Fb"] {
            assert!(code(bad).unwrap_err().to_string().contains("no code"), "{bad:?}");
        }
    }
}
