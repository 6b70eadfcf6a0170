//! The runs that figures are made of: how much a host takes at most, how it does at a rate, a burst, a soak with trouble.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    embedded::{Embedded, QUEUES},
    figures::{Ended, Figures, Latency},
    judge::{Verdict, judge},
    traffic::Traffic,
    trouble::Trouble,
};

/// Connections that keep a server as busy as it can be.
const SATURATING: usize = 128;
/// How long what was taken may wait for its consumer at the end of a run.
const DRAINED: Duration = Duration::from_secs(300);

/// What one rate came to.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Requests a second that left.
    pub offered: f64,
    /// Requests a second that were answered with 202.
    pub accepted: f64,
    /// Told to come later, of all.
    pub refused: f64,
    /// Ended in any other way: no step should have one.
    pub bad: u64,
    /// Of what was accepted.
    pub latency: Latency,
}

/// A soak.
pub struct Soak {
    /// How requests ended.
    pub figures: Arc<Figures>,
    /// What went wrong, and when it began.
    pub troubles: Vec<(Duration, Trouble)>,
    /// The judge's.
    pub verdict: Verdict,
    /// MB after a tenth of the time, a minute at most, and at the end.
    pub memory: (f64, f64),
    /// How long the consumers took for the rest.
    pub drained: Duration,
}

impl Embedded {
    /// The most requests a second that are answered with 202 and handed to consumers: the time that these are behind at the
    /// end counts too.
    pub async fn maximum(&self, traffic: &mut Traffic, time: Duration) -> Step {
        let (figures, began) = (Arc::<Figures>::default(), Instant::now());
        self.sender.saturate(traffic, &figures, SATURATING, time).await;
        self.drain(DRAINED).await;
        step(&figures, began.elapsed(), None)
    }

    /// So many a second for so long.
    pub async fn at(&self, traffic: &mut Traffic, per_second: f64, time: Duration) -> Step {
        let figures = Arc::<Figures>::default();
        self.sender.run(traffic, &figures, |at| (at < time).then_some(per_second)).await;
        // Those who wait are answered after the time is over.
        let step = step(&figures, figures.lasted().max(time), Some(per_second));
        self.drain(DRAINED).await;
        step
    }

    /// At this rate, with trouble; bursts of ten times as much for a hundredth of the time, where asked for.
    pub async fn soak(
        &self,
        traffic: &mut Traffic,
        (time, rate): (Duration, f64),
        bursts: bool,
        troubles: Vec<(Duration, Trouble)>,
    ) -> Soak {
        let figures = Arc::<Figures>::default();
        let now = move |at: Duration| {
            let part = at.as_secs_f64() / time.as_secs_f64();
            let is_burst = bursts && (0.05..0.06).contains(&(part % 0.2));
            (at < time).then_some(if is_burst { rate * 10.0 } else { rate })
        };
        let (started, memory) = (Instant::now(), tokio::spawn(self.memory.clone().keep()));
        let trouble = async {
            for (at, trouble) in &troubles {
                tokio::time::sleep(at.saturating_sub(started.elapsed())).await;
                self.suffer(*trouble).await;
            }
        };
        tokio::join!(self.sender.run(traffic, &figures, now), trouble);
        let drained = self.drain(DRAINED).await;
        memory.abort();
        let memory = self.held(time);
        Soak { figures, troubles, verdict: self.verdict(), memory, drained }
    }

    /// What the judge says of all that was sent so far.
    pub fn verdict(&self) -> Verdict {
        let queues = u8::try_from(QUEUES.len()).expect("few");
        self.facts.with(|facts| judge(facts, queues, |queue, number| self.wanted(queue, number)))
    }

    /// MB around the first minute (of a shorter run, a tenth of it), and at the end: half a minute each, because who sends
    /// has some hundred connections now and some ten then.
    fn held(&self, time: Duration) -> (f64, f64) {
        let (end, tenth) = (time.as_secs_f64(), time.as_secs_f64() / 10.0);
        let (early, around) = (tenth.min(60.0), (tenth / 4.0).clamp(5.0, 15.0));
        let at = |from: f64, to: f64| self.memory.between(from, to).unwrap_or_default();
        (at(early - around, early + around), at(end - 2.0 * around, end))
    }
}

fn step(figures: &Figures, time: Duration, offered: Option<f64>) -> Step {
    let (ends, seconds) = (figures.ends(), time.as_secs_f64());
    let count = |how: Ended| ends.get(&how).copied().unwrap_or_default();
    let all = figures.all();
    let (accepted, later) = (count(Ended::Accepted), count(Ended::Later));
    Step {
        offered: offered.unwrap_or(all as f64 / seconds),
        accepted: accepted as f64 / seconds,
        refused: later as f64 / all.max(1) as f64,
        bad: all - accepted - later,
        latency: figures.latency(),
    }
}
