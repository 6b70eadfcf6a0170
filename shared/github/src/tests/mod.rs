//! The client against a GitHub that answers byte for byte what a test says; cases from GitHub's documentation.

mod calls;
mod credentials;
mod history;
mod keeping;
mod limits;
mod refs;
mod script;
mod tries;
