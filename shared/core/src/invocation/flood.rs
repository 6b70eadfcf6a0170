//! How many lines strangers can make us write: a hundred at once, and ten a second.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const BURST: u32 = 100;
const EACH: Duration = Duration::from_millis(100);

/// The lines of this process.
static LINES: Mutex<Lines> = Mutex::new(Lines { owed: None, unsaid: 0 });

struct Lines {
    /// When all that was written will have been earned.
    owed: Option<Instant>,
    unsaid: u64,
}

/// Whether one more may be written now; then, how many were not since the last one.
pub(super) fn passes(now: Instant) -> Option<u64> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).passes(now)
}

impl Lines {
    fn passes(&mut self, now: Instant) -> Option<u64> {
        let owed = self.owed.map_or(now, |owed| owed.max(now));
        if owed.duration_since(now) >= EACH * BURST {
            self.unsaid += 1;
            return None;
        }
        self.owed = Some(owed + EACH);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_hundred_lines_and_then_ten_a_second_and_what_was_left_out_is_counted() {
        let (mut lines, begun) = (Lines { owed: None, unsaid: 0 }, Instant::now());
        let said = |lines: &mut Lines, at| (0..1000).filter_map(|_| lines.passes(at)).collect::<Vec<_>>();
        assert_eq!(said(&mut lines, begun), [0; 100]);
        let second = said(&mut lines, begun + Duration::from_secs(1));
        assert_eq!((second.len(), second[0], second[1]), (10, 900, 0));
        assert_eq!(said(&mut lines, begun + Duration::from_secs(60)).len(), 100);
    }
}
