//! docs/flow.svg: one webhook's way, in the words of docs/flow.txt.

use super::svg::{Anchor, Rect, Svg};

const SENDERS: Rect = Rect::new(20, 61, 132, 118);
const INTAKE: Rect = Rect::new(240, 52, 640, 132);
const STORE: Rect = Rect::new(240, 226, 640, 196);
const HEIGHT: i32 = 538;

/// `key: first | second`.
struct Words<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Words<'a> {
    fn read(text: &'a str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let line = |line: &'a str| {
            let (key, rest) =
                line.split_once(": ").unwrap_or_else(|| panic!("docs/flow.txt: no `key: ` in {line:?}"));
            (key, rest.split(" | ").collect())
        };
        Self(lines.map(line).collect())
    }

    fn all(&self, key: &str) -> Vec<&[&'a str]> {
        self.0.iter().filter(|(name, _)| *name == key).map(|(_, parts)| parts.as_slice()).collect()
    }

    fn one(&self, key: &str) -> &[&'a str] {
        self.all(key).first().unwrap_or_else(|| panic!("docs/flow.txt: no `{key}: `"))
    }
}

/// Draws it.
pub fn draw(text: &str) -> String {
    let words = Words::read(text);
    let mut svg = Svg::default();
    let title = words.one("title")[0];
    svg.text("title", (20, 34), Anchor::Start, title);
    senders(&mut svg, &words);
    let steps = intake(&mut svg, &words);
    store(&mut svg, &words, &steps);
    consumers(&mut svg, &words);
    promises(&mut svg, &words);
    svg.finish(title, HEIGHT, "scripts/pictures from docs/flow.txt")
}

fn senders(svg: &mut Svg, words: &Words<'_>) {
    for (y, sender) in (SENDERS.y..).step_by(42).zip(words.all("sender")) {
        let rect = Rect::new(SENDERS.x, y, SENDERS.w, 34);
        svg.rect("box", rect);
        svg.text("head small", (rect.middle(), y + 22), Anchor::Middle, sender[0]);
    }
    let (from, to, y) = (SENDERS.right() + 4, INTAKE.x - 4, SENDERS.y + 44);
    svg.arrow(&[(from, y), (to, y)]);
    svg.text("small", ((from + to) / 2, y - 7), Anchor::Middle, words.one("request")[0]);
    svg.arrow(&[(to, y + 36), (from, y + 36)]);
    svg.text("small", ((from + to) / 2, y + 53), Anchor::Middle, words.one("answer")[0]);
}

/// Draws the steps; gives their boxes.
fn intake(svg: &mut Svg, words: &Words<'_>) -> Vec<Rect> {
    svg.rect("frame", INTAKE);
    svg.text("head", (INTAKE.x + 14, INTAKE.y + 24), Anchor::Start, words.one("stage")[0]);
    let mut steps: Vec<Rect> = Vec::new();
    for (x, step) in (INTAKE.x + 10..).step_by(106).zip(words.all("step")) {
        let rect = Rect::new(x, INTAKE.y + 38, 90, 80);
        svg.card("main", rect, step[0], &step[1..]);
        if let Some(before) = steps.last() {
            let y = rect.y + rect.h / 2;
            svg.arrow(&[(before.right(), y), (rect.x, y)]);
        }
        steps.push(rect);
    }
    steps
}

fn store(svg: &mut Svg, words: &Words<'_>, steps: &[Rect]) {
    svg.rect("frame", STORE);
    svg.text("small", (STORE.x + 14, STORE.bottom() - 12), Anchor::Start, words.one("store")[0]);
    let y = STORE.y + 18;
    let [archive, records] = [words.one("archive"), words.one("records")];
    let archived = Rect::new(STORE.x + 14, y, 174, 142);
    let recorded = Rect::new(STORE.right() - 104, y, 90, 142);
    svg.card("warm", archived, archive[0], &archive[1..]);
    svg.card("warm", recorded, records[0], &records[1..]);
    let queues = Rect::new(archived.right() + 14, y, recorded.x - archived.right() - 28, 142);
    for (y, queue) in (queues.y..).step_by(49).zip(words.all("queue")) {
        lanes(svg, Rect { y, h: 44, ..queues }, queue);
    }
    for (step, below) in [(1, archived), (4, queues), (5, recorded)] {
        svg.arrow(&[(steps[step].middle(), steps[step].bottom()), (steps[step].middle(), below.y - 1)]);
    }
}

/// A queue: its name, and each session with its events in order.
fn lanes(svg: &mut Svg, rect: Rect, queue: &[&str]) {
    svg.rect("warm", rect);
    svg.text("head small", (rect.x + 10, rect.y + 27), Anchor::Start, queue[0]);
    for (y, session) in (rect.y + 4..).step_by(19).zip(&queue[1..]) {
        let mut words = session.split(' ');
        svg.text("small", (rect.x + 92, y + 13), Anchor::Start, words.next().unwrap_or_default());
        for (x, event) in (rect.x + 196..).step_by(22).zip(words) {
            let cell = Rect::new(x, y + 1, 18, 16);
            svg.rect("box", cell);
            svg.text("small", (cell.middle(), cell.y + 12), Anchor::Middle, event);
        }
    }
}

fn promises(svg: &mut Svg, words: &Words<'_>) {
    for (y, promise) in (STORE.y..).step_by(74).zip(words.all("promise")) {
        svg.text("head", (SENDERS.x, y + 14), Anchor::Start, promise[0]);
        for (y, line) in (y + 32..).step_by(16).zip(&promise[1..]) {
            svg.text("small", (SENDERS.x, y), Anchor::Start, line);
        }
    }
}

fn consumers(svg: &mut Svg, words: &Words<'_>) {
    for (x, consumer) in (STORE.x..).step_by(220).zip(words.all("consumer")) {
        let rect = Rect::new(x, STORE.bottom() + 40, 200, 56);
        svg.card("box", rect, consumer[0], &consumer[1..]);
        svg.arrow(&[(rect.middle(), STORE.bottom()), (rect.middle(), rect.y - 1)]);
    }
}
