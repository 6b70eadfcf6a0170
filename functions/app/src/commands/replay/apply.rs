//! The real thing: in this process, with progress, until its end or Ctrl-C.

use std::{
    io::IsTerminal as _,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use pointsman_replay::{End, Onlooker, Order, Progress, Refused, Replay, State};
use tokio::time::sleep;

use super::ask;
use crate::{context::Context, print, signals};

/// How often the line on the terminal is written anew.
const BETWEEN: Duration = Duration::from_millis(200);
/// How long a stop waits for the batch that is on its way. What it cuts off is sent again, and known.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn run(order: Order, stage: &Replay, context: &Context) -> Result<ExitCode> {
    let stop = signals::stop()?;
    let go_on = ask::go_on(&order, &context.common);
    wait_for_its_place(stage).await?;
    let progress = stage.begin(order).await?;
    let id = progress.order.id.clone();
    if progress.state == State::Done {
        return told(&progress, End::Already, context, &go_on);
    }
    eprintln!("replay {id}; if it is broken off, this goes on: {go_on}");
    let stopping = Arc::new(AtomicBool::new(false));
    let mut show = Show::new(stopping.clone());
    show.total = stage.total(&progress, |count| show.counted(count)).await?;
    let cut = async {
        stop.await;
        stopping.store(true, Ordering::Relaxed);
        sleep(PATIENCE).await;
    };
    let ended = tokio::select! {
        ended = stage.run(&id, &mut show) => Some(ended),
        () = cut => None,
    };
    show.clear();
    let Some(ended) = ended else {
        eprintln!("stopped in the midst of a batch; this goes on: {go_on}");
        return Ok(ExitCode::FAILURE);
    };
    if matches!(ended, Err(Refused::Busy(_))) {
        // Somebody was faster: this one does not wait in his way.
        stage.stop(&id).await?;
    }
    let (end, progress) = ended.with_context(|| format!("replay {id} was broken off; `{go_on}` goes on"))?;
    told(&progress, end, context, &go_on)
}

/// Who was killed has its place for a few seconds more; who is alive renews it, and is not waited for.
async fn wait_for_its_place(stage: &Replay) -> Result<()> {
    let Some(holder) = stage.at_work().await? else { return Ok(()) };
    let left = Duration::try_from(holder.until.duration_since(Timestamp::now())).unwrap_or_default();
    eprintln!("{} may be at work: it is known in {} s", holder.name, left.as_secs() + 1);
    sleep(left + Duration::from_secs(1)).await;
    match stage.at_work().await? {
        Some(holder) => Err(Refused::Busy(holder).into()),
        None => Ok(()),
    }
}

fn told(progress: &Progress, end: End, context: &Context, go_on: &str) -> Result<ExitCode> {
    let id = &progress.order.id;
    print::result(context.json, progress, || match end {
        End::Already => format!("replay {id} was done at {}: nothing was sent\n", progress.updated),
        End::Done => {
            let list = super::kept::subscriptions(progress, "sent to");
            format!("{list}\nreplay {id} is done: {}\n", progress.told())
        }
        End::Stopped | End::More => format!("replay {id} is stopped: {}\n", progress.told()),
    })?;
    if matches!(end, End::Done | End::Already) {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("this goes on: {go_on}");
    Ok(ExitCode::FAILURE)
}

/// One line on a terminal.
struct Show {
    shown: bool,
    stopping: Arc<AtomicBool>,
    total: u64,
    /// Where this run began, and when.
    from: Option<(u64, Instant)>,
    last: Option<Instant>,
}

impl Show {
    fn new(stopping: Arc<AtomicBool>) -> Self {
        Self { shown: std::io::stderr().is_terminal(), stopping, total: 0, from: None, last: None }
    }

    fn counted(&self, count: u64) -> bool {
        if self.shown {
            eprint!("\r{count} deliveries counted ...");
        }
        !self.stopping.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}

impl Onlooker for Show {
    fn progress(&mut self, progress: &Progress) {
        let now = Instant::now();
        let looked = progress.counts.looked;
        let (from, began) = *self.from.get_or_insert((looked, now));
        if !self.shown || self.last.is_some_and(|last| now - last < BETWEEN) {
            return;
        }
        self.last = Some(now);
        eprint!("\r\x1b[K{}", line(looked, self.total, (looked - from, now - began)));
    }

    fn stops(&mut self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// `120 of 1000 looked at, 60 a second, 15s left`.
fn line(looked: u64, total: u64, (done, time): (u64, Duration)) -> String {
    let mut line = format!("{looked} of {total} looked at");
    let millis = time.as_millis();
    if done > 0 && millis > 0 {
        let left = u128::from(total.saturating_sub(looked)) * millis / u128::from(done) / 1_000;
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(u64::MAX));
        let speed = u128::from(done) * 1_000 / millis;
        line.push_str(&format!(", {speed} a second, {} left", humantime::format_duration(left)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_long_it_takes() {
        assert_eq!(
            line(2_000, 8_000, (1_000, Duration::from_secs(20))),
            "2000 of 8000 looked at, 50 a second, 2m left"
        );
        assert_eq!(line(0, 10, (0, Duration::ZERO)), "0 of 10 looked at");
    }
}
