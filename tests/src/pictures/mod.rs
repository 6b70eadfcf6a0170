//! The pictures in docs/, drawn from text: the same text gives the same bytes, and a test compares them.

mod arrows;
mod flow;
pub(crate) mod svg;

use std::{fs, path::PathBuf};

use crate::house;

/// A picture and where it lies.
#[derive(Debug)]
pub struct Picture {
    /// `docs/flow.svg`.
    pub path: &'static str,
    /// As drawn now.
    pub svg: String,
}

impl Picture {
    /// Where it lies on this machine.
    pub fn file(&self) -> PathBuf {
        house::root().join(self.path)
    }
}

/// Each picture, drawn anew.
pub fn draw() -> [Picture; 2] {
    let words = fs::read_to_string(house::root().join("docs/flow.txt")).expect("docs/flow.txt is there");
    [
        Picture { path: "docs/flow.svg", svg: flow::draw(&words) },
        Picture { path: "docs/arrows.svg", svg: arrows::draw(&house::packages()) },
    ]
}
