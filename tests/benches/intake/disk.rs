//! The disk itself: one file, written and synced in pieces.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

/// MB a second that become durable in pieces of this size.
pub fn synced_per_second(folder: &Path, piece: usize) -> f64 {
    let noise: Vec<u8> = (0..piece).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut file = File::create(folder.join("disk")).expect("a folder that can be written");
    let (started, mut bytes) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(2) {
        file.write_all(&noise).expect("space");
        file.sync_data().expect("a disk");
        bytes += piece;
    }
    bytes as f64 / started.elapsed().as_secs_f64() / 1e6
}
