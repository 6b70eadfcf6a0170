//! The few strokes that the pictures need: boxes, words and arrows, readable on light and dark pages alike.

use std::fmt::Write as _;

/// Every picture is this wide.
pub const WIDTH: i32 = 900;

const STYLE: &str = "
  text { font-family: -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; font-size: 13px; fill: #424a53 }
  .head { font-size: 14px; font-weight: 600; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600; fill: #1f2328 }
  .small { font-size: 11px }
  .code { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 11.5px }
  .page { fill: #ffffff; stroke: #d0d7de }
  .frame { fill: #f6f8fa; stroke: #d0d7de }
  .box { fill: #ffffff; stroke: #8c959f }
  .main { fill: #ddf4ff; stroke: #54aeff }
  .warm { fill: #fff8c5; stroke: #d4a72c }
  .dashed { fill: none; stroke: #8c959f; stroke-dasharray: 5 4 }
  .line { fill: none; stroke: #57606a; stroke-width: 1.5 }
  .tip { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    text { fill: #b1bac4 }
    .head, .title { fill: #f0f6fc }
    .page { fill: #0d1117; stroke: #3d444d }
    .frame { fill: #151b23; stroke: #3d444d }
    .box { fill: #212830; stroke: #656c76 }
    .main { fill: #121d2f; stroke: #388bfd }
    .warm { fill: #272115; stroke: #bb8009 }
    .dashed { stroke: #656c76 }
    .line { stroke: #9198a1 }
    .tip { fill: #9198a1 }
  }
";

/// Where a line of words stands by its point.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// Starts there.
    Start,
    /// Is centred on it.
    Middle,
}

/// A rectangle: left, top, width, height.
#[derive(Debug, Clone, Copy)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Rect {
    pub const fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        Self { x, y, w, h }
    }

    pub const fn middle(self) -> i32 {
        self.x + self.w / 2
    }

    pub const fn bottom(self) -> i32 {
        self.y + self.h
    }

    pub const fn right(self) -> i32 {
        self.x + self.w
    }
}

/// A picture in the making.
#[derive(Debug, Default)]
pub struct Svg(String);

impl Svg {
    /// A box with round corners.
    pub fn rect(&mut self, class: &str, rect: Rect) {
        let Rect { x, y, w, h } = rect;
        self.line(&format!(r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>"#));
    }

    /// A line of words.
    pub fn text(&mut self, class: &str, (x, y): (i32, i32), anchor: Anchor, words: &str) {
        let anchor = if matches!(anchor, Anchor::Middle) { r#" text-anchor="middle""# } else { "" };
        self.line(&format!(r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{}</text>"#, escape(words)));
    }

    /// A head and lines below it, centred in a box of this class.
    pub fn card(&mut self, class: &str, rect: Rect, head: &str, lines: &[&str]) {
        self.rect(class, rect);
        let height = 15 + 16 * i32::try_from(lines.len()).unwrap_or(0);
        let top = rect.y + (rect.h - height) / 2 + 12;
        self.text("head", (rect.middle(), top), Anchor::Middle, head);
        for (y, words) in (top + 18..).step_by(16).zip(lines) {
            self.text("small", (rect.middle(), y), Anchor::Middle, words);
        }
    }

    /// An arrow through these points; its tip is at the last.
    pub fn arrow(&mut self, points: &[(i32, i32)]) {
        self.polyline("line", points);
    }

    /// A dashed one: there, but in no program.
    pub fn dashed_arrow(&mut self, points: &[(i32, i32)]) {
        self.polyline("dashed", points);
    }

    /// A line of this colour, readable on both pages, through these points.
    pub fn curve(&mut self, colour: &str, points: &[(f64, f64)]) {
        self.stroke((colour, "2"), points);
    }

    /// The same, less strong: for small pictures with many.
    pub fn fine_curve(&mut self, colour: &str, points: &[(f64, f64)]) {
        self.stroke((colour, "1.4"), points);
    }

    /// A faint line that a value is read by.
    pub fn hairline(&mut self, (x, y): (f64, f64), (right, low): (f64, f64)) {
        self.line(&format!(
            r##"<line stroke="#8c959f" stroke-opacity="0.3" x1="{x:.1}" y1="{y:.1}" x2="{right:.1}" y2="{low:.1}"/>"##
        ));
    }

    fn stroke(&mut self, (colour, width): (&str, &str), points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.line(&format!(
            r#"<polyline fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" points="{}"/>"#,
            points.join(" ")
        ));
    }

    /// A thin line without a tip, dashed.
    pub fn rule(&mut self, from: (i32, i32), to: (i32, i32)) {
        let ((x, y), (right, low)) = (from, to);
        self.line(&format!(r#"<line class="dashed" x1="{x}" y1="{y}" x2="{right}" y2="{low}"/>"#));
    }

    fn polyline(&mut self, class: &str, points: &[(i32, i32)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.line(&format!(
            r#"<polyline class="{class}" points="{}" marker-end="url(#tip)"/>"#,
            points.join(" ")
        ));
    }

    fn line(&mut self, element: &str) {
        let _ = writeln!(self.0, "{element}");
    }

    /// The whole picture, on a page of its own colour.
    pub fn finish(self, title: &str, height: i32, origin: &str) -> String {
        let (title, edge, low) = (escape(title), WIDTH - 1, height - 1);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">
<!-- Drawn by {origin}: change that, not this. -->
<title>{title}</title>
<style>{STYLE}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0,0 L8,4 L0,8 z"/></marker></defs>
<rect class="page" x="0.5" y="0.5" width="{edge}" height="{low}" rx="10"/>
{}</svg>
"##,
            self.0
        )
    }
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
