//! Paths and queries of requests: each part percent-encoded, so that none leaves its place.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pointsman_core::port::PortError;

/// Everything but RFC 3986's unreserved characters.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment: also its slashes are encoded.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

/// Several segments, with slashes between them as they are: a branch's name.
pub(crate) fn segments(text: &str) -> String {
    text.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// A file's path within a repository. `Invalid`: it is empty, absolute or leads out.
pub(crate) fn file(path: &str) -> Result<String, PortError> {
    let fine = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !fine || path.contains(['\0', '\\']) {
        let shown: String = path.chars().take(80).collect();
        let message = format!("`{}` is no path within a repository: name/of/a.file", shown.escape_debug());
        return Err(PortError::invalid(message));
    }
    Ok(segments(path))
}

/// `?a=b&c=d`, or nothing.
pub(crate) fn query(pairs: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&segment(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_leaves_its_place() {
        assert_eq!(segment("a/b?c#d e%2f&=+ü"), "a%2Fb%3Fc%23d%20e%252f%26%3D%2B%C3%BC");
        assert_eq!(segments("release/1.x#"), "release/1.x%23");
        assert_eq!(query(&[("head", "o:b&c".into()), ("state", "all".into())]), "?head=o%3Ab%26c&state=all");
        assert_eq!(query(&[]), "");
    }

    #[test]
    fn a_path_stays_in_the_repository() {
        assert_eq!(file("a b/ü.txt").unwrap(), "a%20b/%C3%BC.txt");
        assert_eq!(file(".github/pointsman.yaml").unwrap(), ".github/pointsman.yaml");
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "a\\b", "a\0"] {
            assert!(file(bad).is_err(), "{bad:?}");
        }
    }
}
