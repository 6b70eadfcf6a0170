//! docs/arrows.svg: who imports whom, as `cargo metadata` tells it. An arrow points at what is imported.

use std::collections::BTreeSet;

use super::svg::{Anchor, Rect, Svg};
use crate::house::{Kind, Package};

/// What each room is for.
const ROOMS: &[(Kind, &str)] = &[
    (Kind::App, "wires everything, decides nothing"),
    (Kind::Host, "a trigger in, an outcome out"),
    (Kind::Stage, "plain functions of ports"),
    (Kind::Adapter, "ports on real systems"),
    (Kind::Github, "GitHub's API over a port"),
    (Kind::Core, "words, rules and ports: no I/O, no clock, no SDK"),
    (Kind::Tests, "scenarios over the whole"),
    (Kind::Conformance, "one suite a port"),
    (Kind::Fake, "the world, in tests and demo"),
];
const GAP: i32 = 48;

const TITLE: &str = "The house: who imports whom";

/// Draws it.
pub fn draw(packages: &[Package]) -> String {
    let plan = Plan::of(packages);
    let mut svg = Svg::default();
    svg.text("title", (20, 34), Anchor::Start, TITLE);
    for &(kind, what) in ROOMS {
        room(&mut svg, plan.place(kind), (kind, what), &folders(packages, kind));
    }
    for arrow in arrows(packages) {
        plan.arrow(&mut svg, arrow);
    }
    let low = plan.place(Kind::Core).bottom();
    svg.text("small", (700, low - 4), Anchor::Start, "dashed: for tests only");
    svg.finish(TITLE, low + 20, "scripts/pictures from cargo metadata")
}

fn folders(packages: &[Package], kind: Kind) -> Vec<&str> {
    packages.iter().filter(|package| package.kind == kind).map(|package| package.folder.as_str()).collect()
}

/// Where the rooms lie: app above, hosts, stages and adapters side by side, GitHub's API if there, core below.
struct Plan {
    row: i32,
    github: i32,
}

impl Plan {
    fn of(packages: &[Package]) -> Self {
        let most = [Kind::Host, Kind::Stage, Kind::Adapter]
            .map(|kind| folders(packages, kind).len())
            .into_iter()
            .max();
        let row = 40 + 18 * i32::try_from(most.unwrap_or(0)).unwrap_or(0);
        Self { row, github: if folders(packages, Kind::Github).is_empty() { 0 } else { 58 + GAP } }
    }

    fn place(&self, kind: Kind) -> Rect {
        let (top, middle) = (60, 60 + 58 + GAP);
        let below = middle + self.row + GAP;
        match kind {
            Kind::App => Rect::new(20, top, 640, 58),
            Kind::Host => Rect::new(20, middle, 178, self.row),
            Kind::Stage => Rect::new(212, middle, 232, self.row),
            Kind::Adapter => Rect::new(458, middle, 202, self.row),
            Kind::Github => Rect::new(212, below, 232, 58),
            Kind::Core => Rect::new(20, below + self.github, 640, 58),
            Kind::Tests => Rect::new(700, top, 180, 76),
            Kind::Conformance => Rect::new(700, middle, 180, self.row),
            Kind::Fake => Rect::new(700, below, 180, 58),
        }
    }

    fn arrow(&self, svg: &mut Svg, (from, to): (Kind, Kind)) {
        let (start, end) = (self.place(from), self.place(to));
        let down = |x: i32| [(x, start.bottom()), (x, end.y - 1)];
        match (from, to) {
            (Kind::Conformance, _) => {
                let y = end.y + end.h / 3;
                // Beside the room below it.
                let (x, from) = (start.x - 20, start.bottom() - 14);
                svg.dashed_arrow(&[(start.x, from), (x, from), (x, y), (end.right() + 1, y)]);
            }
            (_, Kind::Conformance) => {
                let y = start.y + start.h / 2;
                svg.dashed_arrow(&[(start.right(), y), (end.x - 1, y)]);
            }
            // Past what lies between.
            (Kind::App, Kind::Core | Kind::Github) => svg.arrow(&down(220)),
            (Kind::Stage, Kind::Core) if self.github > 0 => svg.arrow(&down(start.right() + 10)),
            _ => svg.arrow(&down(if start.w < end.w { start.middle() } else { end.middle() })),
        }
    }
}

fn room(svg: &mut Svg, rect: Rect, (kind, what): (Kind, &str), folders: &[&str]) {
    if folders.is_empty() {
        return;
    }
    let class = match kind {
        Kind::Core => "warm",
        Kind::App | Kind::Stage | Kind::Github => "main",
        Kind::Tests | Kind::Conformance | Kind::Fake => "dashed",
        Kind::Host | Kind::Adapter => "box",
    };
    svg.rect(class, rect);
    for (y, folder) in (rect.y + 24..).step_by(18).zip(folders) {
        svg.text("head code", (rect.x + 12, y), Anchor::Start, folder);
    }
    svg.text("small", (rect.x + 12, rect.bottom() - 12), Anchor::Start, what);
}

/// Which room imports which, without those that follow from others; of what is for tests only, that adapters run
/// the conformance suites. That the demo imports a fake is no arrow of the house.
fn arrows(packages: &[Package]) -> BTreeSet<(Kind, Kind)> {
    let mut arrows = BTreeSet::new();
    for package in packages.iter().filter(|package| !matches!(package.kind, Kind::Tests | Kind::Fake)) {
        for dependency in &package.dependencies {
            let Some(other) = packages.iter().find(|other| other.name == dependency.name) else { continue };
            if other.kind == Kind::Fake {
                continue;
            }
            let suite = (package.kind, other.kind) == (Kind::Adapter, Kind::Conformance);
            let plain = dependency.kind.is_none() && !dependency.optional && other.kind != Kind::Fake;
            let drawn = suite || plain;
            if drawn && package.kind != other.kind {
                arrows.insert((package.kind, other.kind));
            }
        }
    }
    let by_way = |(from, to): &(Kind, Kind)| {
        let runs =
            |(a, way): &(Kind, Kind)| a == from && *way != Kind::Conformance && arrows.contains(&(*way, *to));
        arrows.iter().any(runs)
    };
    arrows.iter().filter(|arrow| !by_way(arrow)).copied().collect()
}
