//! Session keys: what both clouds take, the same for the same text, another one for another text.

use pointsman_core::session::{LONGEST, Session, Strategy};

pub fn target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (one, other) = text.split_once('\n').unwrap_or((&text, ""));
    let [first, second] = [one, other].map(Session::from);
    for session in [&first, &second] {
        let key = session.as_str();
        assert!((1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()), "{key:?}");
    }
    assert_eq!(first, Session::from(one));
    // An empty text and `-` are one session, as both mean that there is none.
    let none = |text: &str| text.is_empty() || text == "-";
    assert_eq!(first == second, one == other || (none(one) && none(other)), "{one:?} {other:?}");
    if let Err(why) = one.parse::<Strategy>() {
        assert!(!why.is_empty());
    }
}
