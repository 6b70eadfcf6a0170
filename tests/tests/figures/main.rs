//! The figures: the page says what core's table says, and whatever shows or watches a figure names one of the table.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod files;
mod page;
