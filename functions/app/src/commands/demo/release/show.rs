//! The release as people read it.

use std::fmt::Write as _;

use super::{Released, markdown};
use crate::print::{BAD, BOLD, DIM, GOOD, clean};

/// All of it.
pub fn released(released: &Released) -> String {
    let mut text = format!(
        "\n{BOLD}What the merges come to{BOLD:#}: a release of {}, at {} so far, by a GitHub of the demo's own\n\n",
        released.repository, released.current
    );
    for merged in &released.merged {
        let _ = writeln!(text, "{:>3}  {:<50} {DIM}by {}{DIM:#}", merged.number, merged.title, merged.author);
    }
    let _ = writeln!(text, "\n     All three are merged at the same moment.");
    webhooks(&mut text, released);
    for pull in &released.pull_requests {
        let _ = writeln!(text, "\n{BOLD}The release pull request{BOLD:#}, made and kept up to date\n");
        let _ = writeln!(text, "{:>3}  {GOOD}{}{GOOD:#}\n", pull.number, clean(&pull.title));
        text.push_str(&markdown::shown(&pull.body, "     │ "));
    }
    let _ = writeln!(text, "\n{BOLD}What its merge publishes{BOLD:#}\n");
    for tag in &released.tags {
        let sha = tag.sha.get(..7).unwrap_or(&tag.sha);
        let _ = writeln!(text, "     tag      {GOOD}{}{GOOD:#} at {sha}, the merge", clean(&tag.name));
    }
    for release in &released.releases {
        let draft = if release.draft { ", a draft" } else { ", published" };
        let _ = writeln!(text, "     release  {GOOD}{}{GOOD:#}{draft}", clean(&release.name));
    }
    for file in &released.files {
        let _ = writeln!(
            text,
            "     file     {:<13} {GOOD}{}{GOOD:#}",
            file.path,
            clean(&markdown::without_links(file.after.trim()))
        );
        if !file.before.trim().is_empty() {
            let _ = writeln!(text, "              {:<13} {DIM}{}{DIM:#}", "was", clean(file.before.trim()));
        }
    }
    text
}

fn webhooks(text: &mut String, released: &Released) {
    let taken = released.webhooks.iter().filter(|it| it.status == 202).count();
    let all = released.webhooks.len();
    let style = if taken == all { GOOD } else { BAD };
    let _ = writeln!(
        text,
        "     {style}{taken} of {all}{style:#} webhooks of the App, signed, were taken in on the way."
    );
}
