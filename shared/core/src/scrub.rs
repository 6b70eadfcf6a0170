//! Credentials have shapes: what looks like one does not leave in an error's text, whoever wrote that text (an SDK, a proxy, a
//! consumer). The last net, not the first: nothing of ours puts a secret into an error.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// What stands in the place of what is taken out.
const GONE: &str = "***";

/// The signs without which there is nothing to look for.
const SIGNS: [&str; 8] = ["://", "@", "gh", "earer", "asic ", "sig", "PRIVATE KEY", "="];

static CREDENTIALS: LazyLock<[(Regex, &'static str); 6]> = LazyLock::new(|| {
    let whole = |pattern: &str| Regex::new(pattern).expect("a pattern that tests use");
    [
        // A URL's user and password, and its query: signatures are there.
        (whole(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@]+@"), "${1}***@"),
        (whole(r#"(?i)\b([a-z][a-z0-9+.-]*://[^\s?#"'`<>]+\?)[^\s"'`<>)]+"#), "${1}***"),
        (whole(r"\b((?i:bearer|sharedaccesssignature)|Basic)\s+[A-Za-z0-9._~+/=%&-]{8,}"), "${1} ***"),
        (whole(r"\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]+"), GONE),
        (
            whole(
                r#"(?i)\b((?:sig|sha(?:1|256)|signature|x-amz-[a-z-]+|sharedaccesskey|accountkey|secretaccesskey|aws_secret_access_key|password|client_secret)\s*[=:]\s*)[^\s&;,"'`]+"#,
            ),
            "${1}***",
        ),
        (whole(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)"), GONE),
    ]
});

/// Somebody's address; `git@host` is nobody's.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+").expect("a pattern that tests use")
});

/// The text without what looks like a credential or an e-mail address.
pub fn scrub(text: &str) -> Cow<'_, str> {
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return text.into();
    }
    let mut clean = Cow::Borrowed(text);
    for (shape, instead) in CREDENTIALS.iter() {
        if let Cow::Owned(changed) = shape.replace_all(&clean, *instead) {
            clean = changed.into();
        }
    }
    let named = |found: &regex::Captures<'_>| match &found[0] {
        nobody if nobody.starts_with("git@") => nobody.to_owned(),
        _ => GONE.to_owned(),
    };
    if let Cow::Owned(changed) = ADDRESS.replace_all(&clean, named) {
        clean = changed.into();
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_taken_out_and_the_rest_stays() {
        for (text, clean) in [
            ("the disk is full", "the disk is full"),
            ("nothing listens on 127.0.0.1:8080", "nothing listens on 127.0.0.1:8080"),
            ("GET https://api.github.com/app refused", "GET https://api.github.com/app refused"),
            ("at git@github.com:acme/web", "at git@github.com:acme/web"),
            ("http://ann:pass@host/x", "http://***@host/x"),
            (
                "`https://a.blob.core.windows.net/c/b?sv=1&sig=abc%3D` says 403",
                "`https://a.blob.core.windows.net/c/b?***` says 403",
            ),
            ("authorization: Bearer eyJhbGciOi.J9.x-y", "authorization: Bearer ***"),
            ("token ghs_16C7e42F292c6912E7 is not one", "token *** is not one"),
            ("Endpoint=sb://x/;SharedAccessKey=aGVsbG8=;a", "Endpoint=sb://x/;SharedAccessKey=***;a"),
            ("signature sha256=0123abcd.", "signature sha256=***"),
            ("key -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- ends", "key *** ends"),
            ("by Ann <ann@example.org>", "by Ann <***>"),
        ] {
            assert_eq!(scrub(text), clean);
        }
    }
}
