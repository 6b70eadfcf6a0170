//! The `pointsman` command: the local host and the CLI.

fn main() {}
