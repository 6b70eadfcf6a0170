//! The story as people read it.

use std::fmt::Write as _;

use super::{Answered, Played, consumer::Seen, release};
use crate::print::{BAD, BOLD, DIM, GOOD, clean};

/// All of it.
pub fn played(played: &Played) -> String {
    let mut text = format!("{BOLD}What came in{BOLD:#}, over HTTP, signed as GitHub signs\n\n");
    for (nth, answered) in played.deliveries.iter().enumerate() {
        delivery(&mut text, nth + 1, answered);
    }
    let nth = |seen: &Seen| {
        let found = played.deliveries.iter().position(|answered| answered.id == seen.id);
        found.map_or_else(|| "?".to_owned(), |at| (at + 1).to_string())
    };
    for reception in &played.queues {
        let _ = writeln!(
            text,
            "\n{BOLD}What the consumer of `{}` receives{BOLD:#}, in this order\n",
            reception.queue
        );
        for seen in &reception.events {
            let session = seen.session.as_deref().unwrap_or("(no order kept)");
            let _ = write!(
                text,
                "  {:>3}  {:<40} {DIM}{:<40}{DIM:#}",
                nth(seen),
                clean(&seen.r#type),
                clean(session)
            );
            let _ = match (seen.completed, seen.attempt) {
                (false, _) => writeln!(text, "  {BAD}fails: given back{BAD:#}"),
                (true, 1) => writeln!(text, "  {GOOD}done{GOOD:#}"),
                (true, attempt) => writeln!(text, "  {GOOD}done{GOOD:#}, attempt {attempt}"),
            };
        }
    }
    text.push_str(&release::released(&played.release));
    text.push('\n');
    if played.wrong.is_empty() {
        let _ = writeln!(
            text,
            "{GOOD}All of it is what happened:{GOOD:#} every event once a queue, in its session's order, byte for byte;\n\
             one release pull request, one tag, one release."
        );
    }
    for wrong in &played.wrong {
        let _ = writeln!(text, "{BAD}WRONG{BAD:#} {}", clean(wrong));
    }
    text
}

fn delivery(text: &mut String, nth: usize, answered: &Answered) {
    let style = if answered.status == 202 { GOOD } else { BAD };
    let _ = writeln!(
        text,
        "{nth:>3}  {style}{}{style:#}  {}  {DIM}{}{DIM:#}",
        answered.status, answered.what, answered.event
    );
    let line = match (&answered.refused, answered.duplicate) {
        (Some(why), _) => format!("refused: {}", clean(why)),
        (None, true) => "a duplicate: seen before, sent to nobody again".to_owned(),
        (None, false) => {
            let session = answered.session.as_deref().unwrap_or_default();
            format!("session {}  ->  {}", clean(session), answered.subscriptions.join(", "))
        }
    };
    let _ = writeln!(text, "          {line}");
}
