//! An axis of figures: round steps, told in Grafana's units.

use crate::pictures::svg::{Anchor, Rect, Svg};

/// From nothing to `top`.
pub struct Axis {
    unit: String,
    top: f64,
    step: f64,
}

impl Axis {
    /// That has room for this figure.
    pub fn new(unit: &str, peak: f64) -> Self {
        // What is counted has no parts.
        let least = if unit == "short" { 1.0 } else { 0.0 };
        let step = if peak > 0.0 { round(peak / 3.0).max(least) } else { 1.0 };
        Self { unit: unit.to_owned(), top: step * (peak / step).ceil().max(1.0), step }
    }

    /// Where a figure is.
    pub fn height(&self, plot: Rect, figure: f64) -> f64 {
        f64::from(plot.bottom()) - f64::from(plot.h) * (figure / self.top).clamp(0.0, 1.0)
    }

    /// With a line for each step.
    pub fn draw_left(&self, svg: &mut Svg, plot: Rect) {
        for figure in self.steps() {
            let y = self.height(plot, figure);
            svg.hairline((f64::from(plot.x), y), (f64::from(plot.right()), y));
            svg.text("small", (plot.x - 24, y as i32 + 4), Anchor::Middle, &self.told(figure));
        }
    }

    /// The lines are the left one's.
    pub fn draw_right(&self, svg: &mut Svg, plot: Rect) {
        for figure in self.steps() {
            let y = self.height(plot, figure);
            svg.text("small", (plot.right() + 24, y as i32 + 4), Anchor::Middle, &self.told(figure));
        }
    }

    fn steps(&self) -> impl Iterator<Item = f64> {
        let (count, step) = ((self.top / self.step).round() as u32, self.step);
        (0..=count).map(move |nth| f64::from(nth) * step)
    }

    fn told(&self, figure: f64) -> String {
        if figure == 0.0 {
            return "0".to_owned();
        }
        match self.unit.as_str() {
            "s" if self.top < 1.0 => format!("{} ms", short(figure * 1000.0)),
            "s" => format!("{} s", short(figure)),
            "reqps" | "ops" => format!("{}/s", short(figure)),
            "short" => short(figure),
            unit => panic!("no words for the unit {unit}"),
        }
    }
}

/// The next of 1, 2, 5, 10 ...
fn round(figure: f64) -> f64 {
    let power = 10_f64.powf(figure.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|part| part * power)
        .into_iter()
        .find(|it| *it >= figure * 0.999)
        .unwrap_or(figure)
}

/// Without digits that tell nothing.
fn short(figure: f64) -> String {
    match figure {
        figure if figure >= 1000.0 => format!("{}k", short(figure / 1000.0)),
        figure if figure >= 10.0 => format!("{figure:.0}"),
        figure => {
            let text = format!("{figure:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_and_room_for_the_peak() {
        let told = |unit, peak| {
            let axis = Axis::new(unit, peak);
            axis.steps().map(|figure| axis.told(figure)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("s", 0.0071), "0 5 ms 10 ms");
        assert_eq!(told("s", 2.2), "0 1 s 2 s 3 s");
        assert_eq!(told("short", 0.0), "0 1");
        assert_eq!(told("short", 2.7), "0 1 2 3");
        assert_eq!(told("short", 4986.0), "0 2k 4k 6k");
        assert_eq!(told("reqps", 71.0), "0 50/s 100/s");
    }
}
