//! Whose turn it is: so many webhooks are worked on at a time, the others wait, first come first served. While more come
//! than are done, those beyond a few are refused at once instead of waiting for long, and so are those who have.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};
use tracing::warn;

use crate::Limits;

/// Waits are looked at in windows of this length.
const WINDOW: Duration = Duration::from_millis(50);
/// After so many windows one after another in which even the shortest wait was too long and no fewer waited at the end,
/// more come than are done.
const GROWING: u32 = 3;
/// The pace that is usual follows what is seen by this part a window: in half a second it is another.
const FOLLOWS: f64 = 1.0 / 16.0;
/// Then whoever has waited so many times too long is refused too: without it the first second's would wait longest.
const FAR_TOO_LONG: u32 = 2;
/// It is over so long after the last one was refused.
const OVER: Duration = Duration::from_secs(1);

/// The turns of all webhooks.
#[derive(Debug)]
pub(crate) struct Turns {
    work: Semaphore,
    waiting: AtomicUsize,
    /// As many may wait even then.
    few: usize,
    /// A wait that is too long, when all are.
    long: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Turns a second that are usual while some wait.
    pace: f64,
    /// Who waited at the end of the last window.
    waiting: usize,
    growing: u32,
    /// Until when only a few may wait.
    behind: Option<Instant>,
}

/// What is seen between two looks.
#[derive(Debug)]
struct Window {
    began: Instant,
    turns: u32,
    shortest: Duration,
}

impl Window {
    fn new(began: Instant) -> Self {
        Self { began, turns: 0, shortest: Duration::MAX }
    }
}

impl Turns {
    pub(crate) fn new(limits: &Limits) -> Self {
        let window = Window::new(Instant::now());
        let state = State { window, pace: 0.0, waiting: 0, growing: 0, behind: None };
        Self {
            work: Semaphore::new(limits.at_work),
            waiting: AtomicUsize::new(0),
            few: limits.at_work / 4,
            long: limits.wait,
            state: Mutex::new(state),
        }
    }

    /// Waits for a turn, which lasts until it is dropped; none where there are too many already.
    pub(crate) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        let asked = Instant::now();
        // Nobody is overtaken by it: what becomes free goes to who waits.
        if let Ok(turn) = self.work.try_acquire() {
            self.took(Duration::ZERO, asked);
            return Some(turn);
        }
        if self.waiting.load(Ordering::Relaxed) >= self.few && self.state().refuses(asked) {
            return None;
        }
        let _waiting = Waiting::one(&self.waiting);
        let turn = self.work.acquire().await.ok()?;
        let now = Instant::now();
        if now - asked > self.long * FAR_TOO_LONG && self.state().refuses(now) {
            return None;
        }
        self.took(now - asked, now);
        Some(turn)
    }

    fn took(&self, wait: Duration, now: Instant) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        self.state().waited(wait, now, waiting, self.long);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Somebody has got a turn after this wait, and so many wait still.
    fn waited(&mut self, wait: Duration, now: Instant, waiting: usize, long: Duration) {
        self.window.turns += 1;
        self.window.shortest = self.window.shortest.min(wait);
        if now - self.window.began < WINDOW {
            return;
        }
        let window = mem::replace(&mut self.window, Window::new(now));
        let before = mem::replace(&mut self.waiting, waiting);
        let pace = f64::from(window.turns) / (now - window.began).as_secs_f64();
        // A disk that hesitates lets many wait, and nobody is refused for that: soon they will be fewer.
        let hesitated = pace < self.pace / 2.0;
        self.pace += (pace - self.pace) * FOLLOWS;
        if window.shortest <= long || (waiting < before && !hesitated) {
            self.growing = 0;
        } else if !hesitated {
            self.growing += 1;
        }
        if self.growing >= GROWING && self.behind.is_none_or(|until| until < now) {
            warn!(
                "more webhooks come than can be taken in: those beyond a few are told 503 until it is over"
            );
            self.behind = Some(now + OVER);
        }
    }

    /// Whether it is a time to refuse who can be.
    fn refuses(&mut self, now: Instant) -> bool {
        let is_behind = self.behind.is_some_and(|until| now <= until);
        if is_behind {
            self.behind = Some(now + OVER);
        }
        is_behind
    }
}

/// One that waits; no more when dropped, also by a sender that goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn one(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::sleep;

    use super::*;

    const AT_WORK: usize = 8;
    /// Eight at a time, 10 ms each: 800 a second are done.
    const WORK: Duration = Duration::from_millis(10);

    fn turns() -> Arc<Turns> {
        Arc::new(Turns::new(&Limits { at_work: AT_WORK, ..Limits::default() }))
    }

    /// So many come a second, for so long; the wait of each that got a turn, and how many got none.
    async fn come(turns: &Arc<Turns>, per_second: u32, time: Duration) -> (Vec<Duration>, usize) {
        let mut all = Vec::new();
        // Sleeps are whole milliseconds.
        let at_once = per_second.div_ceil(1000);
        for nth in 1..=(f64::from(per_second) * time.as_secs_f64()) as u32 {
            let turns = turns.clone();
            all.push(tokio::spawn(async move {
                let asked = Instant::now();
                let _turn = turns.take().await?;
                let waited = asked.elapsed();
                sleep(WORK).await;
                Some(waited)
            }));
            if nth.is_multiple_of(at_once) {
                sleep(Duration::from_secs(1) * at_once / per_second).await;
            }
        }
        let (mut waits, mut refused) = (Vec::new(), 0);
        for one in all {
            match one.await.unwrap() {
                Some(wait) => waits.push(wait),
                None => refused += 1,
            }
        }
        (waits, refused)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_refused_while_as_many_are_done_as_come() {
        let (waits, refused) = come(&turns(), 500, Duration::from_secs(10)).await;
        assert_eq!((waits.len(), refused), (5000, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn while_more_come_than_are_done_some_are_refused_and_the_others_wait_for_a_moment_only() {
        let turns = turns();
        let (mut waits, refused) = come(&turns, 1000, Duration::from_secs(30)).await;
        assert!(refused > 0, "all waited");
        waits.sort_unstable();
        assert!(waits[waits.len() * 99 / 100] < Duration::from_millis(150), "{:?}", waits.last());
        sleep(OVER * 2).await;
        // Many more at once: nor do those wait for long who came before anybody could know.
        let (waits, _) = come(&turns, 4000, Duration::from_secs(2)).await;
        let longest = waits.into_iter().max();
        assert!(longest < Some(Duration::from_millis(250)), "{longest:?}");
        sleep(OVER * 2).await;
        let (_, refused) = come(&turns, 500, Duration::from_secs(2)).await;
        assert_eq!(refused, 0, "afterwards it is over");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hesitation_refuses_nobody_whom_there_is_time_for() {
        for (per_second, hesitation) in [(250, 1000), (500, 500)] {
            let turns = turns();
            let coming = tokio::spawn({
                let turns = turns.clone();
                async move { come(&turns, per_second, Duration::from_secs(5)).await }
            });
            sleep(Duration::from_secs(1)).await;
            let held = turns.work.acquire_many(AT_WORK as u32).await;
            sleep(Duration::from_millis(hesitation)).await;
            drop(held);
            let (waits, refused) = coming.await.unwrap();
            assert_eq!((waits.len(), refused), (per_second as usize * 5, 0), "{per_second} a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_waits_no_more() {
        let turns = turns();
        let _held = turns.work.acquire_many(AT_WORK as u32).await;
        let waits = tokio::spawn({
            let turns = turns.clone();
            async move { drop(turns.take().await) }
        });
        sleep(WORK).await;
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 1);
        waits.abort();
        assert!(waits.await.is_err());
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }
}
