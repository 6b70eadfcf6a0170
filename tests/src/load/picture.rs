//! docs/load.svg: throughput and latency over the load, and the soak second by second, with the machine and the commit.

use std::{fs, process::Command};

use jiff::Timestamp;

use super::{
    figures::Second,
    runs::{Soak, Step},
};
use crate::{
    house,
    pictures::svg::{Anchor, Rect, Svg},
};

const TAKEN: &str = "#2f81f7";
const HALF: &str = "#3fb950";
const TAIL: &str = "#d29922";
const HEIGHT: i32 = 620;
const LEFT: Rect = Rect::new(70, 90, 350, 190);
const RIGHT: Rect = Rect::new(520, 90, 350, 190);
const BELOW: Rect = Rect::new(70, 360, 800, 180);

/// Draws it, of a sweep and a soak.
pub fn draw(steps: &[Step], soak: &Soak) -> String {
    let mut svg = Svg::default();
    let title = "The embedded host under load";
    svg.text("title", (20, 34), Anchor::Start, title);
    svg.text("small", (20, 54), Anchor::Start, &origin());
    sweep(&mut svg, steps);
    course(&mut svg, soak);
    let note = "Load, server and consumers share the machine; GitHub's own payloads; latency counts from when a request should \
                have left.";
    svg.text("small", (20, HEIGHT - 16), Anchor::Start, note);
    svg.finish(title, HEIGHT, "scripts/bench load")
}

/// The machine, the commit and the day.
pub(crate) fn origin() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|it| it.1);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let commit =
        Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).current_dir(house::root()).output();
    let commit = commit.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default();
    let day = Timestamp::now().strftime("%Y-%m-%d");
    format!("{cores} cores of {}, commit {commit}, {day}", cpu.unwrap_or("an unknown processor"))
}

/// Maps figures to a panel.
struct Scale {
    rect: Rect,
    x: f64,
    y: f64,
}

impl Scale {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let Rect { x: left, w, h, .. } = self.rect;
        let (right, up) =
            ((x / self.x).clamp(0.0, 1.0) * f64::from(w), (y / self.y).clamp(0.0, 1.0) * f64::from(h));
        (f64::from(left) + right, f64::from(self.rect.bottom()) - up)
    }

    fn curve(&self, svg: &mut Svg, colour: &str, points: impl Iterator<Item = (f64, f64)>) {
        let points: Vec<_> = points.map(|point| self.at(point)).collect();
        svg.curve(colour, &points);
    }

    /// The frame, four steps of each axis, and what they are.
    fn axes(&self, svg: &mut Svg, head: &str, (wide, high): (&str, &str)) {
        let rect = self.rect;
        svg.rect("frame", rect);
        svg.text("head", (rect.x, rect.y - 12), Anchor::Start, head);
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let (x, _) = self.at((self.x * part, 0.0));
            let (_, y) = self.at((0.0, self.y * part));
            svg.text(
                "small",
                (x as i32, rect.bottom() + 16),
                Anchor::Middle,
                &format!("{}{wide}", short(self.x * part)),
            );
            svg.text(
                "small",
                (rect.x - 36, y as i32 + 4),
                Anchor::Middle,
                &format!("{}{high}", short(self.y * part)),
            );
        }
    }
}

fn short(figure: f64) -> String {
    if figure >= 1000.0 { format!("{:.1}k", figure / 1000.0) } else { format!("{figure:.0}") }
}

fn sweep(svg: &mut Svg, steps: &[Step]) {
    let most = steps.iter().map(|step| step.offered).fold(1.0, f64::max);
    let slowest = steps.iter().map(|step| step.latency.p99).fold(1.0, f64::max).min(1000.0);
    let taken = Scale { rect: LEFT, x: most, y: most };
    taken.axes(svg, "Taken, of requests offered a second", ("", ""));
    let (from, to) = (taken.at((0.0, 0.0)), taken.at((most, most)));
    svg.rule((from.0 as i32, from.1 as i32), (to.0 as i32, to.1 as i32));
    taken.curve(svg, TAKEN, steps.iter().map(|step| (step.offered, step.accepted)));
    let late = Scale { rect: RIGHT, x: most, y: slowest };
    late.axes(svg, "Latency of what was taken: p99, p50 (green)", ("", " ms"));
    late.curve(svg, TAIL, steps.iter().map(|step| (step.offered, step.latency.p99)));
    late.curve(svg, HALF, steps.iter().map(|step| (step.offered, step.latency.p50)));
}

fn course(svg: &mut Svg, soak: &Soak) {
    // The last second is not a whole one.
    let mut seconds = soak.figures.seconds();
    seconds.pop();
    let most = seconds.iter().map(|it| it.accepted).max().unwrap_or(1) as f64;
    let panel = Scale { rect: BELOW, x: seconds.len().max(1) as f64, y: most };
    let verdict = &soak.verdict;
    panel.axes(svg, "At half of the maximum, with trouble: taken a second", (" s", ""));
    for (nth, (at, trouble)) in soak.troubles.iter().enumerate() {
        let (x, _) = panel.at((at.as_secs_f64(), 0.0));
        svg.rule((x as i32, BELOW.y), (x as i32, BELOW.bottom()));
        svg.text(
            "small",
            (x as i32 + 4, BELOW.bottom() - 8 - 14 * (nth as i32 % 2)),
            Anchor::Start,
            &trouble.name(),
        );
    }
    panel.curve(svg, TAKEN, by_second(&seconds, |it| it.accepted as f64));
    let judged = format!(
        "{} deliveries, {} lost, {} out of order, {} enqueued twice; memory {:.0} MB after a minute, {:.0} MB at the end",
        verdict.sent, verdict.lost, verdict.overtaken, verdict.enqueued_twice, soak.memory.0, soak.memory.1
    );
    svg.text("small", (BELOW.x, BELOW.bottom() + 34), Anchor::Start, &judged);
}

fn by_second(seconds: &[Second], value: impl Fn(&Second) -> f64) -> impl Iterator<Item = (f64, f64)> {
    seconds.iter().enumerate().map(move |(at, it)| (at as f64, value(it)))
}
