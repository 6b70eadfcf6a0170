//! The settings that hold on a target; and one comment on the commit that broke them.

use pointsman_core::{
    port::PortError,
    release::{Settings, settings::FILE, text::plain},
};
use pointsman_github::{InForce, Remembered};

use sha2::{Digest as _, Sha256};

use crate::{desk::Desk, gather::Ground, known};

/// The longest list of faults that a comment shows.
const LONGEST: usize = 4_000;

/// The settings in force on a target; `None` = they are broken and none were in force before.
pub(crate) async fn in_force(
    desk: &Desk<'_>,
    target: &str,
    source: &Remembered,
) -> Result<Option<Settings>, PortError> {
    let found = desk.stage.above.in_force(desk.place, target, source, desk.records()).await?;
    if let InForce::Broken { faults, settings } = &found {
        tell(desk, source, faults, settings.is_some()).await?;
    }
    Ok(found.settings())
}

async fn tell(desk: &Desk<'_>, source: &Remembered, faults: &str, kept: bool) -> Result<(), PortError> {
    let Some(commit) = desk.repository.last_change(FILE, source.head()).await? else { return Ok(()) };
    let what = format!("settings/{commit}");
    if known::is_done(desk.place, &what, desk.records()).await? {
        return Ok(());
    }
    let force = match kept {
        true => "Until they are repaired, the last ones without a fault stay in force.",
        false => "Until they are repaired, no release is proposed here.",
    };
    let text = format!("The release settings in this commit cannot be used. {force}\n\n{}", fenced(faults));
    desk.repository.tell_on_commit(&commit, desk.stage.app, "settings-broken", &text).await?;
    known::done(desk.place, &what, desk.records()).await
}

/// Says what is wrong with the version files: on the commit that last changed the settings, or without any on the head.
/// Once, as long as it is the same.
pub(crate) async fn tell_of_files(
    desk: &Desk<'_>,
    ground: &Ground,
    error: &PortError,
) -> Result<(), PortError> {
    let faults = error.to_string();
    let found = hex::encode(&Sha256::digest(&faults)[..16]);
    let what = format!("files/{}/{found}", ground.target);
    if known::is_done(desk.place, &what, desk.records()).await? {
        return Ok(());
    }
    let changed = desk.repository.last_change(FILE, &ground.head).await?;
    let commit = changed.unwrap_or_else(|| ground.head.clone());
    let text = format!(
        "No release can be proposed on `{}`. Until this is repaired, here or in the files, a release pull request that is \
         open stays as it is.\n\n{}",
        ground.target,
        fenced(&faults)
    );
    let key = format!("files-broken {found}");
    desk.repository.tell_on_commit(&commit, desk.stage.app, &key, &text).await?;
    known::done(desk.place, &what, desk.records()).await
}

/// As code that nothing in it can end.
fn fenced(faults: &str) -> String {
    let mut shown: String = faults.lines().map(|line| format!("    {}\n", plain(line, 500))).collect();
    if shown.len() > LONGEST {
        let end = shown.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or(0);
        shown.truncate(end);
        shown.push_str("\n    ...\n");
    }
    shown
}
