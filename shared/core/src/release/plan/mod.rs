//! What is released next, and why.

mod types;

pub use types::{Change, Counted, Links, NewContributor, Plan, Release, Wishes};
