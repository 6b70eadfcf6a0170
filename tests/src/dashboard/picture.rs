//! docs/dashboard.svg: the dashboard's panels in their grid, as a run of the scene has filled them.

use super::{Panel, axis::Axis};
use crate::{
    load::picture::origin,
    pictures::svg::{Anchor, Rect, Svg, WIDTH},
    prometheus::Series,
};

/// A panel, and its queries' series in their order.
pub type Filled = (Panel, Vec<Vec<Series>>);

/// Readable on light and dark.
const COLOURS: [&str; 7] = ["#2f81f7", "#d29922", "#3fb950", "#f85149", "#a371f7", "#1b9e9e", "#db61a2"];
/// Above the first row, and beside the first column.
const TOP: i32 = 72;
const EDGE: i32 = 10;
/// Of one row of Grafana's grid, which has 24 columns, and between two panels.
const ROW: i32 = 25;
const COLUMNS: i32 = 24;
const GAP: i32 = 6;
/// Within a panel: words above the plot; the times and the legend below it; figures at its left and at its right.
const HEAD: i32 = 30;
const FOOT: i32 = 68;
const SIDE: i32 = 48;
/// About how wide a letter of the legend is, how high its lines are, and how many there may be.
const LETTER: f64 = 6.1;
const LINE: i32 = 14;
const LINES: i32 = 3;
/// Room for how many more there are.
const COUNT: i32 = 60;

/// A curve of a panel.
struct Curve<'a> {
    colour: &'static str,
    name: String,
    is_right: bool,
    points: &'a [(f64, f64)],
}

impl Curve<'_> {
    fn peak(&self) -> f64 {
        self.points.iter().map(|(_, value)| *value).fold(0.0, f64::max)
    }
}

/// Draws what was asked from `since` on, for so many seconds.
pub fn draw(panels: &[Filled], (since, seconds): (f64, f64), note: &str) -> String {
    let mut svg = Svg::default();
    let title = "The dashboard of the embedded host";
    svg.text("title", (20, 32), Anchor::Start, title);
    svg.text("small", (20, 52), Anchor::Start, &format!("{note}; {}", origin()));
    let mut low = TOP;
    for (panel, series) in panels {
        let rect = place(panel.place);
        low = low.max(rect.bottom());
        draw_panel(&mut svg, rect, panel, series, (since, seconds));
    }
    svg.finish(title, low + EDGE, "scripts/bench dashboard")
}

/// From Grafana's grid to ours.
fn place(grid: Rect) -> Rect {
    let column = |nth: i32| EDGE + nth * (WIDTH - 2 * EDGE) / COLUMNS;
    let (x, right) = (column(grid.x) + GAP / 2, column(grid.x + grid.w) - GAP / 2);
    Rect::new(x, TOP + grid.y * ROW, right - x, grid.h * ROW - GAP)
}

fn draw_panel(svg: &mut Svg, rect: Rect, panel: &Panel, series: &[Vec<Series>], time: (f64, f64)) {
    svg.rect("frame", rect);
    svg.text("head small", (rect.x + 12, rect.y + 18), Anchor::Start, &panel.title);
    let (curves, more) = curves(panel, series);
    let right_unit = panel.targets.iter().find_map(|target| target.right.as_deref());
    let right_unit = right_unit.filter(|_| curves.iter().any(|curve| curve.is_right));
    let right_side = if right_unit.is_some() { SIDE } else { 20 };
    let plot = Rect::new(rect.x + SIDE, rect.y + HEAD, rect.w - SIDE - right_side, rect.h - HEAD - FOOT);
    let peak = |is_right: bool| {
        curves.iter().filter(|curve| curve.is_right == is_right).map(Curve::peak).fold(0.0, f64::max)
    };
    let left = Axis::new(&panel.unit, peak(false));
    left.draw_left(svg, plot);
    let right = right_unit.map(|unit| Axis::new(unit, peak(true)));
    if let Some(right) = &right {
        right.draw_right(svg, plot);
    }
    draw_time(svg, plot, time.1);
    for curve in &curves {
        let axis = right.as_ref().filter(|_| curve.is_right).unwrap_or(&left);
        draw_curve(svg, plot, axis, curve, time);
    }
    if curves.is_empty() {
        let at = (plot.middle(), plot.y + plot.h / 2 + 4);
        svg.text("small", at, Anchor::Middle, "nothing to show, as it should be");
    }
    draw_legend(svg, rect, &curves, more);
}

/// The panel's, as many as there are colours, and how many more there were.
fn curves<'a>(panel: &Panel, series: &'a [Vec<Series>]) -> (Vec<Curve<'a>>, usize) {
    let mut curves: Vec<Curve<'a>> = Vec::new();
    for (target, found) in panel.targets.iter().zip(series) {
        let drawn = found.iter().filter(|series| !series.points.is_empty()).map(|series| Curve {
            colour: "",
            name: target.name(&series.labels),
            is_right: target.right.is_some(),
            points: &series.points,
        });
        curves.extend(drawn);
    }
    // What stands out comes first, and is certain of its place in the legend.
    curves.sort_by(|one, other| {
        one.is_right
            .cmp(&other.is_right)
            .then(other.peak().total_cmp(&one.peak()))
            .then(one.name.cmp(&other.name))
    });
    let more = curves.len().saturating_sub(COLOURS.len());
    curves.truncate(COLOURS.len());
    for (curve, colour) in curves.iter_mut().zip(COLOURS) {
        curve.colour = colour;
    }
    (curves, more)
}

fn draw_time(svg: &mut Svg, plot: Rect, seconds: f64) {
    let step = if seconds > 60.0 { 30 } else { 10 };
    let mut at = 0;
    while f64::from(at) <= seconds {
        let x = f64::from(plot.x) + f64::from(plot.w) * f64::from(at) / seconds;
        svg.hairline((x, f64::from(plot.y)), (x, f64::from(plot.bottom())));
        svg.text("small", (x as i32, plot.bottom() + 14), Anchor::Middle, &format!("{at} s"));
        at += step;
    }
}

/// Broken where a moment has no value; one that stands alone is a short stroke.
fn draw_curve(svg: &mut Svg, plot: Rect, axis: &Axis, curve: &Curve<'_>, (since, seconds): (f64, f64)) {
    for piece in curve.points.chunk_by(|(one, _), (next, _)| next - one < 1.5) {
        let at =
            |time: f64| f64::from(plot.x) + f64::from(plot.w) * ((time - since) / seconds).clamp(0.0, 1.0);
        let mut points: Vec<_> =
            piece.iter().map(|(time, value)| (at(*time), axis.height(plot, *value))).collect();
        if let [(x, y)] = points[..] {
            points = vec![(x - 1.5, y), (x + 1.5, y)];
        }
        svg.fine_curve(curve.colour, &points);
    }
}

/// Names in lines from left to right; those for which there is no room, and those not drawn, are counted.
fn draw_legend(svg: &mut Svg, rect: Rect, curves: &[Curve<'_>], more: usize) {
    let (begin, end) = (rect.x + 12, rect.right() - 8);
    let top = rect.bottom() - FOOT + 32;
    let (mut x, mut line) = (begin, 0);
    for (nth, curve) in curves.iter().enumerate() {
        let width = 16 + (curve.name.chars().count() as f64 * LETTER) as i32;
        if x + width > end && x > begin && line + 1 < LINES {
            (x, line) = (begin, line + 1);
        }
        let left = curves.len() - nth + more;
        let room = if left > 1 && line + 1 == LINES { end - COUNT } else { end };
        if x > begin && x + width > room {
            let y = top + LINE * line;
            return svg.text("small", (end - COUNT + 6, y), Anchor::Start, &format!("+ {left} more"));
        }
        let y = top + LINE * line;
        let middle = f64::from(y) - 3.5;
        svg.fine_curve(curve.colour, &[(f64::from(x), middle), (f64::from(x) + 10.0, middle)]);
        svg.text("small", (x + 14, y), Anchor::Start, &curve.name);
        x += width + 8;
    }
    if more > 0 {
        // In the last line there is room kept for it.
        let line = if x > end - COUNT && line + 1 < LINES { line + 1 } else { line };
        let at = (end - COUNT + 6, top + LINE * line);
        svg.text("small", at, Anchor::Start, &format!("+ {more} more"));
    }
}
