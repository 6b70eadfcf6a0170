//! A tag's name from a version and back.

use semver::Version;

/// How a part's tags are named: a prefix, the version, a suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFormat {
    prefix: String,
    suffix: String,
}

impl TagFormat {
    /// The format of a part: `{version}` is where the version stands, `{component}` the component's name.
    pub fn new(format: &str, component: Option<&str>) -> Self {
        let (prefix, suffix) = format.split_once("{version}").unwrap_or((format, ""));
        let named = |text: &str| text.replace("{component}", component.unwrap_or_default());
        Self { prefix: named(prefix), suffix: named(suffix) }
    }

    /// The tag of a version.
    pub fn tag(&self, version: &Version) -> String {
        format!("{}{version}{}", self.prefix, self.suffix)
    }

    /// The version that a tag names; `None` for another's tag, and for what is no semantic version.
    pub fn version(&self, tag: &str) -> Option<Version> {
        tag.strip_prefix(&self.prefix)?.strip_suffix(&self.suffix)?.parse().ok()
    }

    /// What all these tags begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_and_its_version_belong_together() {
        for (format, component, version, tag) in [
            ("v{version}", None, "1.2.3", "v1.2.3"),
            ("{component}-v{version}", Some("api"), "0.1.0-beta.2", "api-v0.1.0-beta.2"),
            ("{component}/{version}-lts", Some("a.b"), "2026.11.0", "a.b/2026.11.0-lts"),
        ] {
            let (format, version) = (TagFormat::new(format, component), version.parse().unwrap());
            assert_eq!(format.tag(&version), tag);
            assert_eq!(format.version(tag), Some(version));
        }
    }

    #[test]
    fn anothers_tag_has_no_version() {
        let format = TagFormat::new("api-v{version}", None);
        for tag in ["v1.2.3", "api-v1.2", "api-v", "web-v1.2.3", "api-v1.2.3x", "api-v01.2.3", ""] {
            assert_eq!(format.version(tag), None, "{tag}");
        }
    }
}
