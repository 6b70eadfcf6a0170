//! `dead-letters QUEUE bury`: held messages are given up, and their sessions go on without them.

use anyhow::{Result, bail};
use serde::Serialize;

use super::{Grave, Which, held::Held};
use crate::print;

#[derive(Debug, Serialize)]
struct Buried {
    queue: String,
    buried: u64,
}

pub async fn run(grave: &Grave<'_>, which: &Which, json: bool) -> Result<()> {
    let origin = &grave.origin;
    if !which.all && grave.check(which).await?.dead > 0 {
        bail!("only what is held in `{origin}` can be buried: the others are dead letters already");
    }
    let buried = grave.each_held(which, Held::Bury).await?;
    let result = Buried { queue: origin.to_string(), buried };
    print::result(json, &result, || {
        format!("{buried} given up to the dead letters of `{origin}`; sessions behind them go on\n")
    })
}
