//! Turns a merged release pull request into a tag and a release: a saga of read-then-create steps.
