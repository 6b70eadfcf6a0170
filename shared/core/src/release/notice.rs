//! Comments of ours that are found again: what needs a person is told once, however often it is met.
//!
//! A comment's last line is its marker. Only a comment by the App itself is taken for one; whoever asks checks that.

/// The comment: what a person reads, and the marker that a later run finds. `key` is ours: graphic ASCII without `-->`.
pub fn write(key: &str, text: &str) -> String {
    format!("{}\n\n{}", text.trim_end(), marker(key))
}

/// Whether this comment is the one with that key.
pub fn is(body: &str, key: &str) -> bool {
    body.trim_end().lines().last() == Some(&marker(key))
}

/// The key of a command's answer.
pub fn answer(comment: u64) -> String {
    format!("answer {comment}")
}

fn marker(key: &str) -> String {
    format!("<!-- pointsman: {key} -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_found_by_its_last_line_alone() {
        let notice = write("foreign-commits", "Somebody pushed.\n");
        assert_eq!(notice, "Somebody pushed.\n\n<!-- pointsman: foreign-commits -->");
        assert!(is(&notice, "foreign-commits") && is(&format!("{notice}\r\n"), "foreign-commits"));
        assert!(!is(&notice, "tag-elsewhere"));
        assert!(!is(&write("tag-elsewhere", &notice), "foreign-commits"), "quoted in another, it is text");
    }
}
