//! The release branch's name: `pointsman--release--{target}[--{component}]`, flat and unmistakable.

use sha2::{Digest, Sha256};

/// What all release branches begin with.
pub const PREFIX: &str = "pointsman--release--";
/// The longest name of a part, encoded: a branch's name is a file's name, at most 255 bytes.
const LONGEST: usize = 110;

/// The release branch of a target (and component). A slash in it would nest it under another branch's name, and `--`
/// parts the two: both are written as `=` and two digits, like all that is not plain.
pub fn branch(target: &str, component: Option<&str>) -> String {
    let mut name = format!("{PREFIX}{}", encoded(target));
    if let Some(component) = component {
        name += "--";
        name += &encoded(component);
    }
    name
}

/// Target and component of a release branch; `None` = it is none (or one of a name too long to be read back: compare
/// it with [`branch`]).
pub fn branch_parts(name: &str) -> Option<(String, Option<String>)> {
    let mut parts = name.strip_prefix(PREFIX)?.split("--");
    let target = decoded(parts.next()?)?;
    let component = match parts.next() {
        Some(part) => Some(decoded(part)?),
        None => None,
    };
    // Only what we would write: one branch has one name.
    let ours = parts.next().is_none() && branch(&target, component.as_deref()) == name;
    ours.then_some((target, component))
}

fn encoded(part: &str) -> String {
    let mut text = String::new();
    let bytes = part.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let edge = at == 0 || at + 1 == bytes.len();
        let plain = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => true,
            b'-' => !edge && bytes[at - 1] != b'-',
            b'.' => !edge && bytes[at - 1] != b'.',
            _ => false,
        };
        if plain {
            text.push(char::from(*byte));
        } else {
            text += &format!("={byte:02X}");
        }
    }
    // No reference may end so.
    if text.len() > 5 && text.ends_with(".lock") {
        text.replace_range(text.len() - 5..text.len() - 4, "=2E");
    }
    if text.len() > LONGEST {
        let hash = hex::encode(&Sha256::digest(part)[..8]);
        text.truncate(LONGEST - 20);
        let end = text.trim_end_matches(['-', '.']).len();
        text.truncate(end);
        text += &format!("=x{hash}");
    }
    text
}

fn decoded(part: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), part.as_bytes());
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'=' {
            let digits = rest.get(..2)?;
            bytes.push(hex::decode(digits).ok()?[0]);
            rest = &rest[2..];
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_flat_and_read_back() {
        for (target, component, name) in [
            ("main", None, "pointsman--release--main"),
            ("main", Some("api"), "pointsman--release--main--api"),
            ("release/1.x", None, "pointsman--release--release=2F1.x"),
            ("a--b", None, "pointsman--release--a-=2Db"),
            ("a", Some("b"), "pointsman--release--a--b"),
            ("-a-", Some("b-"), "pointsman--release--=2Da=2D--b=2D"),
            ("a---b", Some("x..y."), "pointsman--release--a-=2D=2Db--x.=2Ey=2E"),
            ("äß=", None, "pointsman--release--=C3=A4=C3=9F=3D"),
            ("main", Some("x.lock"), "pointsman--release--main--x=2Elock"),
            ("feat/#12@{1}", None, "pointsman--release--feat=2F=2312=40=7B1=7D"),
        ] {
            assert_eq!(branch(target, component), name);
            let parts = (target.to_owned(), component.map(str::to_owned));
            assert_eq!(branch_parts(name), Some(parts), "{name}");
        }
    }

    #[test]
    fn another_branch_is_no_release_branch() {
        for name in [
            "main",
            "pointsman--release--",
            "pointsman--release--a--b--c",
            "pointsman--release--a--",
            "pointsman--release--a/b",
            "pointsman--release--=zz",
            "pointsman--release--=2",
            "pointsman--release--=61",
            "x/pointsman--release--main",
        ] {
            assert_eq!(branch_parts(name), None, "{name}");
        }
    }

    #[test]
    fn long_names_stay_apart_and_within_a_files_name() {
        let (one, other) = ("ü".repeat(120), format!("{}a", "ü".repeat(119)));
        let name = branch(&one, Some(&one));
        assert!(name.len() <= 244, "{}", name.len());
        assert_ne!(name, branch(&other, Some(&one)));
        assert_eq!(branch_parts(&name), None);
    }
}
