//! Keeps one release pull request open whenever something is due: gather, decide, apply.
